//! Addresses, sockets, and their end.

use std::{
    io::Write as _,
    net::{TcpListener, TcpStream},
    os::unix::{fs::PermissionsExt as _, net::UnixStream},
};

use stratoswarm_console::{Console, StartError};
use stratoswarm_core::{Fabric, examples::Job};

use crate::client::{PATIENCE, Reply, get};

fn ask(socket: &std::path::Path, path: &str) -> Reply {
    let mut stream = UnixStream::connect(socket).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\n\r\n").unwrap();
    Reply::read(stream)
}

#[test]
fn by_default_it_is_a_socket_that_goes_with_it() {
    let fabric = Fabric::new();
    let console = Console::of(&fabric).start().unwrap();
    let socket = console.socket().unwrap().to_owned();
    assert_eq!((console.address(), console.url()), (None, None));
    let name = socket.file_name().unwrap().to_str().unwrap();
    assert!(name.starts_with(&std::process::id().to_string()), "{name}");
    assert_eq!(socket.extension(), Some("sock".as_ref()));
    let folder = std::fs::metadata(socket.parent().unwrap()).unwrap();
    assert_eq!(folder.permissions().mode() & 0o777, 0o700);
    assert_eq!(ask(&socket, "/snapshot.json").json()["format"], 1);
    drop(console);
    assert!(!socket.exists() && UnixStream::connect(&socket).is_err());
}

#[test]
fn two_consoles_tell_of_their_fabrics_each() {
    let fabrics = [Fabric::new(), Fabric::new()];
    let _jobs = fabrics.each_ref().map(|fabric| fabric.channel::<Job>("jobs").open().unwrap());
    let _more = fabrics[1].channel::<Job>("more").open().unwrap();
    let consoles =
        fabrics.each_ref().map(|fabric| Console::of(fabric).listen("127.0.0.1:0").start().unwrap());
    assert_ne!(consoles[0].socket(), consoles[1].socket());
    for (console, channels) in consoles.iter().zip([1, 2]) {
        for reply in [
            ask(console.socket().unwrap(), "/snapshot.json"),
            get(console.address().unwrap(), "/snapshot.json"),
        ] {
            assert_eq!(reply.json()["snapshot"]["channels"].as_array().unwrap().len(), channels);
        }
    }
    let [first, second] = consoles;
    drop(first);
    assert_eq!(ask(second.socket().unwrap(), "/snapshot.json").status, 200, "the other goes on");
}

#[test]
fn a_token_is_for_tcp_alone() {
    let console = Console::of(&Fabric::new()).listen("127.0.0.1:0").token("s3cret").start();
    match console {
        Ok(console) => {
            assert_eq!(ask(console.socket().unwrap(), "/snapshot.json").status, 410, "that fabric is gone");
            assert_eq!(get(console.address().unwrap(), "/snapshot.json").status, 401);
        }
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn its_port_is_free_when_it_has_ended() {
    let console = Console::of(&Fabric::new()).listen("localhost:0").without_socket().start().unwrap();
    let address = console.address().unwrap();
    assert_eq!(console.url(), Some(format!("http://{address}/")));
    assert_eq!(console.socket(), None);
    drop(console);
    assert!(TcpStream::connect(address).is_err());
}

#[tokio::test]
async fn inside_of_a_runtime_it_starts_is_refused_and_ends_as_outside() {
    let fabric = Fabric::new();
    let console = Console::of(&fabric).listen("127.0.0.1:0").start().unwrap();
    let address = console.address().unwrap().to_string();
    assert_eq!(get(console.address().unwrap(), "/snapshot.json").status, 200);
    assert!(Console::of(&fabric).listen(address).start().is_err());
    assert!(Console::of(&fabric).listen("nowhere").start().is_err());
    drop(console);
}

#[test]
fn what_it_cannot_be_is_refused_in_one_line() {
    let fabric = Fabric::new();
    let start = |address: &str, token: Option<&str>| {
        let console = Console::of(&fabric).listen(address).without_socket();
        let console = token.into_iter().fold(console, |console, token| console.token(token));
        console.start().map_err(|error| (error.to_string(), error))
    };
    for bad in
        ["", "7878", "localhost", "127.0.0.1", "127.0.0.1:", "example.org:80", "127.0.0.1:65536", "a\nb:1"]
    {
        let (_, error) = start(bad, None).unwrap_err();
        assert!(matches!(error, StartError::Address { .. }), "{bad}: {error:?}");
    }
    for open in ["0.0.0.0:0", "[::]:0", "192.0.2.1:80"] {
        let (text, error) = start(open, None).unwrap_err();
        assert!(matches!(error, StartError::NoToken { .. }) && text.contains("token"), "{open}: {error:?}");
    }
    assert!(start("0.0.0.0:0", Some("s3cret")).is_ok());
    for token in ["", "two words", "ü", "line\r\nbreak"] {
        let (_, error) = start("127.0.0.1:0", Some(token)).unwrap_err();
        assert!(matches!(error, StartError::Token), "{token}: {error:?}");
    }
    let busy = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = busy.local_addr().unwrap().to_string();
    let (text, error) = start(&address, None).unwrap_err();
    assert!(matches!(error, StartError::Listen { .. }) && text.contains(&address), "{error:?}");
    assert!(!text.contains('\n'));
}
