use std::time::Duration;

use super::run_options::seconds;
use crate::process_name::is_process;

/// The options of `stratoswarm top`.
// The documentation is what --help prints, where backticks would be noise.
#[allow(clippy::doc_markdown)]
#[derive(Debug, Clone, clap::Args)]
pub struct TopOptions {
    /// The process to look at; the only one of yours that can be looked at, if it is not stated
    ///
    /// Of a process with several sets of channels the second is PID-2.
    #[arg(value_name = "PID", value_parser = process, allow_negative_numbers = true)]
    pub pid: Option<String>,

    /// Look at a server instead, at http://HOST:PORT
    #[arg(long, value_name = "URL", conflicts_with = "pid")]
    pub url: Option<String>,

    /// The token that the server wants
    #[arg(long, value_name = "T", requires = "url")]
    pub token: Option<String>,

    /// Print one picture as text, without a terminal
    #[arg(long, conflicts_with = "json")]
    pub once: bool,

    /// Print what is served, as one JSON object on one line
    #[arg(long)]
    pub json: bool,

    /// Ask every so many seconds, 1 if not stated; with --once or --json, print each time until the process ends
    #[arg(long, value_name = "S", value_parser = seconds, allow_negative_numbers = true)]
    pub interval: Option<Duration>,
}

fn process(text: &str) -> Result<String, String> {
    is_process(text)
        .then(|| text.to_owned())
        .ok_or_else(|| "accepted: the number of a process, such as 4711 or 4711-2".to_owned())
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::*;
    use crate::cli::{Command, Options};

    fn read(line: &str) -> Result<TopOptions, String> {
        let arguments = format!("stratoswarm top {line}");
        let arguments = arguments.split_whitespace().map(OsString::from);
        match Options::read(arguments).map_err(|failure| failure.to_string())?.unwrap().command {
            Command::Top(options) => Ok(options),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_stated_is_read() {
        let options = read("").unwrap();
        assert!(options.pid.is_none() && options.url.is_none() && !options.once && !options.json);
        let options = read("4711 --once --interval 0.5").unwrap();
        assert_eq!((options.pid.as_deref(), options.once), (Some("4711"), true));
        assert_eq!(options.interval, Some(Duration::from_millis(500)));
        let options = read("--url http://127.0.0.1:7878 --token t --json").unwrap();
        assert_eq!(
            (options.url.as_deref(), options.token.as_deref()),
            (Some("http://127.0.0.1:7878"), Some("t"))
        );
    }

    #[test]
    fn what_does_not_go_together_is_refused_in_one_line() {
        for (line, word) in [
            ("0", "accepted: the number of a process, such as 4711"),
            ("-3", "accepted: the number of a process, such as 4711"),
            ("swarm", "accepted: the number of a process, such as 4711"),
            ("7 --url http://a:1", "--url"),
            ("--token t", "--url"),
            ("--once --json", "--json"),
            ("--interval 0", "accepted: a number of seconds above 0"),
        ] {
            let told = read(line).unwrap_err();
            assert!(told.contains(word) && !told.contains('\n'), "{line}: {told}");
        }
    }
}
