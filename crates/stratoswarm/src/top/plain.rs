//! Pictures as text, for whoever has no terminal.

use std::{
    io::{self, Write},
    sync::mpsc::{Receiver, RecvTimeoutError},
    time::Duration,
};

use super::{grid::wrapped, input::Input, order::Order, palette::Palette, picture::Picture, screen, table};

/// What ends a row of pictures.
#[derive(Debug)]
pub(super) enum PlainEnd {
    /// It is done, or whoever read it has gone.
    Done,
    /// The swarm has gone, after so many pictures.
    Gone(usize),
}

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
pub(super) enum PlainError {
    #[error("{0}")]
    Fault(String),
    #[error("standard output: {0}")]
    Output(#[from] io::Error),
}

/// What is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Lines of so many cells at most, but for what verdicts tell.
    Text(usize),
    /// The object as it is served, in one line.
    Json,
}

/// Prints the first picture that comes; all of them, if it `goes_on`. `complain` is told of what does not come then. What is asked for
/// longer than `patience` is given up.
pub(super) fn print(
    inputs: &Receiver<Input>,
    form: Form,
    goes_on: bool,
    patience: Duration,
    out: &mut impl Write,
    complain: impl Fn(&str),
) -> Result<PlainEnd, PlainError> {
    let (mut printed, mut is_asked) = (0, false);
    loop {
        let input = inputs.recv_timeout(if is_asked { patience } else { Duration::MAX });
        is_asked = matches!(input, Ok(Input::Asked));
        let (json, picture) = match input {
            Ok(Input::Picture(json, picture)) => (json, picture),
            Ok(Input::Fault(why)) if goes_on => {
                complain(&why);
                continue;
            }
            Ok(Input::Fault(why)) => return Err(PlainError::Fault(why)),
            // It cannot even be reached, which nothing else ends.
            Err(RecvTimeoutError::Timeout) => {
                return Err(PlainError::Fault(format!("cannot be reached within {patience:?}")));
            }
            Ok(Input::Gone(_)) => return Ok(PlainEnd::Gone(printed)),
            Ok(Input::Lost(_)) | Err(RecvTimeoutError::Disconnected) => {
                return Err(PlainError::Fault("it cannot be asked any more".to_owned()));
            }
            Ok(_) => continue,
        };
        let text = match form {
            Form::Text(width) if printed > 0 => format!("\n{}", text(&picture, width)),
            Form::Text(width) => text(&picture, width),
            Form::Json => one_line(&json),
        };
        match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(PlainEnd::Done),
            written => written?,
        }
        printed += 1;
        if !goes_on {
            return Ok(PlainEnd::Done);
        }
    }
}

/// A picture of all channels, those in trouble first.
fn text(picture: &Picture, width: usize) -> String {
    let mut rows: Vec<_> = picture.rows.iter().collect();
    rows.sort_by(|one, other| Order::default().compare(one, other));
    let mut lines = vec![screen::about(picture)];
    lines.extend(screen::held(picture));
    if picture.verdicts_text.is_empty() {
        lines.push("nothing is stuck".to_owned());
    }
    lines.extend(picture.verdicts_text.lines().flat_map(|line| wrapped(line, width)));
    lines.push(String::new());
    let table = table::table(&rows, width, Palette::PLAIN).with_head();
    lines.extend(table.iter().map(ToString::to_string));
    lines.iter().flat_map(|line| [line.trim_end(), "\n"]).collect()
}

/// The same JSON without line breaks, which are between its parts at most.
fn one_line(json: &[u8]) -> String {
    let text = String::from_utf8_lossy(json);
    let text: String =
        text.trim().chars().map(|it| if matches!(it, '\n' | '\r') { ' ' } else { it }).collect();
    text + "\n"
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use serde_json::{Value, json};

    use super::*;
    use crate::top::fixture::{idle, picture, stuck};

    const LONG: Duration = Duration::from_secs(3600);

    fn printed(
        inputs: Vec<Input>,
        form: Form,
        goes_on: bool,
    ) -> (String, Result<PlainEnd, PlainError>, Vec<String>) {
        let (told, receiver) = channel();
        for input in inputs {
            told.send(input).unwrap();
        }
        drop(told);
        let (mut out, complaints) = (Vec::new(), std::cell::RefCell::default());
        let complain = |why: &str| Vec::push(&mut complaints.borrow_mut(), why.to_owned());
        let end = print(&receiver, form, goes_on, LONG, &mut out, complain);
        (String::from_utf8(out).unwrap(), end, complaints.into_inner())
    }

    fn input(served: &Value) -> Input {
        Input::Picture(served.to_string().into_bytes(), picture(served))
    }

    #[test]
    fn one_picture_fits_into_its_width_and_has_what_verdicts_tell() {
        let served = stuck();
        let (text, end, _) =
            printed(vec![Input::Asked, input(&served), input(&served)], Form::Text(100), false);
        assert!(matches!(end, Ok(PlainEnd::Done)));
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[0], "swarm pid 4711   4 channels   2 tasks   up 12s");
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>().join(" ");
        assert!(words(&text).contains(&words(served["verdicts_text"].as_str().unwrap())), "{text}");
        let head = lines.iter().position(|line| line.trim_start().starts_with("CHANNEL")).unwrap();
        assert_eq!(lines.len() - head, 5);
        assert!(lines[head + 1].starts_with("! "), "trouble first: {text}");
        assert!(lines.iter().all(|line| line.chars().count() <= 100), "{text}");
        let (narrow, ..) = printed(vec![input(&idle(2))], Form::Text(40), false);
        assert!(narrow.lines().skip(1).all(|line| line.chars().count() <= 40), "{narrow}");
        assert!(narrow.contains("\nnothing is stuck\n"), "{narrow}");
    }

    #[test]
    fn json_is_one_line_each_as_it_was_served() {
        let served = stuck();
        let (text, end, complaints) = printed(
            vec![input(&served), Input::Fault("late".into()), input(&served), Input::Gone("x".into())],
            Form::Json,
            true,
        );
        assert!(matches!(end, Ok(PlainEnd::Gone(2))), "{end:?}");
        assert_eq!(complaints, ["late"]);
        assert_eq!(text, format!("{served}\n{served}\n"));
        let pretty = serde_json::to_vec_pretty(&json!({"format": 1, "program": "a\nb"})).unwrap();
        let (text, ..) = printed(vec![Input::Picture(pretty, picture(&idle(0)))], Form::Json, false);
        assert_eq!(text.lines().count(), 1);
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap()["program"], "a\nb");
    }

    #[test]
    fn without_an_answer_there_is_no_picture() {
        let (text, end, _) = printed(vec![Input::Asked, Input::Fault("late".into())], Form::Json, false);
        assert!(text.is_empty() && matches!(end, Err(PlainError::Fault(why)) if why == "late"));
        assert!(matches!(printed(vec![Input::Gone("x".into())], Form::Json, false).1, Ok(PlainEnd::Gone(0))));
    }

    #[test]
    fn whoever_cannot_be_reached_is_given_up() {
        let (told, receiver) = channel();
        told.send(Input::Asked).unwrap();
        let end = print(&receiver, Form::Json, true, Duration::from_millis(1), &mut Vec::new(), |_| ());
        assert!(matches!(end, Err(PlainError::Fault(why)) if why == "cannot be reached within 1ms"));
    }

    struct Closed;

    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_has_gone_ends_it() {
        let (told, receiver) = channel();
        told.send(input(&idle(1))).unwrap();
        let end = print(&receiver, Form::Json, true, LONG, &mut Closed, |_| ());
        assert!(matches!(end, Ok(PlainEnd::Done)), "though there may be more: {end:?}");
    }
}
