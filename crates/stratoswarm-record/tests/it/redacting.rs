use std::time::Duration;

use serde::{Deserialize, Serialize};
use stratoswarm_core::{Fabric, Message, NoReply, wire};
use stratoswarm_record::{ReadError, Recorded, Recording, Rewrite};

use crate::fixtures::{Place, place};

const TOKEN: &str = "tOk3n-0f-somebody";
const NUMBER: u64 = 0x0123_4567_89ab_cdef;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Login {
    By { token: String, number: u64, tries: Vec<(String, f32)> },
    Guest,
}

impl Message for Login {
    type Reply = NoReply;
}
wire!(Login as "test.login");

fn login(n: u64) -> Login {
    Login::By {
        token: format!("{TOKEN}{n}"),
        number: NUMBER,
        tries: vec![(TOKEN.to_owned(), 0.1), ("x".into(), 0.2)],
    }
}

async fn recorded(place: &Place) -> Recorded {
    let fabric = Fabric::new();
    let [logins, others] = ["logins", "others"].map(|name| fabric.channel::<Login>(name).open().unwrap());
    let recording = Recording::create(&place.path).channel(&logins).channel(&others).start().unwrap();
    for n in 0..50 {
        logins.try_send(login(n)).unwrap();
        logins.try_send(Login::Guest).unwrap();
    }
    recording.finish().await.unwrap();
    Recorded::open([&place.path]).unwrap()
}

fn has(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[tokio::test]
async fn what_is_cleared_is_in_no_byte_of_the_file() {
    let place = place();
    let recorded = recorded(&place).await;
    let paths = ["logins:/By/token", "/By/number", "logins:/By/tries/*/0"];
    // The token's beginning, its end, and the number as CBOR has it.
    let secrets = [&TOKEN.as_bytes()[..6], &TOKEN.as_bytes()[6..], &NUMBER.to_be_bytes()];
    let before = std::fs::read(&place.path).unwrap();
    assert!(secrets.iter().all(|secret| has(&before, secret)));
    let cut = place.path.with_extension("cut");
    for json in [true, false] {
        let rewrite = Rewrite::of(&recorded).redact(paths).replace();
        let rewrite = if json { rewrite.json() } else { rewrite };
        assert_eq!(rewrite.write(&cut).unwrap(), 100);
        let after = std::fs::read(&cut).unwrap();
        assert!(secrets.iter().all(|secret| !has(&after, secret)), "in JSON: {json}");
        assert!(!has(&after, NUMBER.to_string().as_bytes()), "in JSON: {json}");
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(&cut).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let cut = Recorded::open([&cut]).unwrap();
    let expected = Login::By {
        token: String::new(),
        number: 0,
        tries: vec![(String::new(), 0.1), (String::new(), 0.2)],
    };
    let logins: Vec<Login> = cut.records().map(|record| record.unwrap().message().unwrap()).collect();
    assert_eq!((logins.len(), &logins[0], &logins[99]), (100, &expected, &Login::Guest));
    assert!(logins.chunks(2).all(|two| two == [expected.clone(), Login::Guest]));
}

#[tokio::test]
async fn a_path_that_leads_nowhere_is_refused_and_nothing_is_written() {
    let place = place();
    let recorded = recorded(&place).await;
    let cut = place.path.with_extension("cut");
    let error =
        |paths: &[&str]| Rewrite::of(&recorded).redact(paths.iter().copied()).write(&cut).unwrap_err();
    assert_eq!(
        error(&["/By/token", "logins:/By/tokn"]).to_string(),
        "no message has anything at \"logins:/By/tokn\""
    );
    assert!(
        matches!(error(&["others:/By/token"]), ReadError::NothingAt { path } if path == "others:/By/token")
    );
    assert!(matches!(error(&["token"]), ReadError::Path { path } if path == "token"));
    let none = Rewrite::of(&recorded).from(Duration::from_secs(3_600)).redact(["/By/token"]);
    assert!(none.write(&cut).is_err());
    assert_eq!(place.files(), ["run.mcap"]);
}

/// A question that is answered with what it says.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Echo {
    token: String,
}

impl Message for Echo {
    type Reply = String;
}
wire!(Echo as "test.echo" -> String);

/// A reply may say again what its message said.
#[tokio::test]
async fn replies_on_a_channel_of_which_something_is_cleared_go_too() {
    async fn asked(place: &Place, redact: bool) -> Vec<u8> {
        let echoes = Fabric::new().channel::<Echo>("echoes").traced().open().unwrap();
        let recording = Recording::create(&place.path).channel(&echoes);
        let recording = if redact { recording.redact(|echo| echo.token.clear()) } else { recording };
        let recording = recording.start().unwrap();
        let mut worker = echoes.join("workers");
        let answering = async {
            let echo = worker.recv().await.unwrap();
            let token = echo.token.clone();
            echo.reply(token);
        };
        let (reply, ()) = tokio::join!(echoes.request(Echo { token: TOKEN.to_owned() }), answering);
        assert_eq!(reply.unwrap(), TOKEN);
        recording.finish().await.unwrap();
        std::fs::read(&place.path).unwrap()
    }
    let times = |bytes: &[u8]| bytes.windows(TOKEN.len()).filter(|part| *part == TOKEN.as_bytes()).count();
    let place = place();
    assert_eq!(times(&asked(&place, false).await), 2, "the question and its answer");
    let recorded = Recorded::open([&place.path]).unwrap();
    let cut = place.path.with_extension("cut");
    Rewrite::of(&recorded).redact(["echoes:/token"]).write(&cut).unwrap();
    assert_eq!(times(&std::fs::read(&cut).unwrap()), 0);
    let other = crate::fixtures::place();
    assert_eq!(times(&asked(&other, true).await), 0, "nor is it recorded");
}
