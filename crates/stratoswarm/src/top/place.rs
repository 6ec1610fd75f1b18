//! Where processes of this user listen: a folder with one socket each, named after their pids.

use std::time::Duration;

#[cfg(unix)]
pub(super) use unix::find;

use super::source::Source;

/// For so long processes are asked what they are.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);

/// A process that was found.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) source: Source,
    /// It listens, and has not answered within [`PATIENCE`].
    pub(super) is_silent: bool,
}

/// # Errors
/// There are no such sockets on this system.
#[cfg(not(unix))]
pub(super) fn find(_: Option<&str>) -> Result<Found, String> {
    Err("sockets of processes are looked for on Unix only; accepted: --url http://HOST:PORT".to_owned())
}

#[cfg(unix)]
mod unix {
    use std::{
        env, fs, io,
        os::unix::fs::{FileTypeExt as _, MetadataExt as _},
        path::{Path, PathBuf},
        sync::mpsc,
        thread,
        time::Instant,
    };

    use crate::process_name::is_process;

    use super::{
        super::{figure::clean, picture::Picture, source::SourceError},
        Found, PATIENCE, Source,
    };

    /// The process of that name, its number or one as `4711-2`; the only one that listens, if none is named.
    ///
    /// # Errors
    /// One line: there is none, or more than one, or the folder is not this user's alone.
    pub(in super::super) fn find(process: Option<&str>) -> Result<Found, String> {
        find_in(&folder(), process)
    }

    fn folder() -> PathBuf {
        let stated = env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|path| path.is_absolute());
        let own = || env::temp_dir().join(format!("stratoswarm-{}", user()));
        stated.map_or_else(own, |path| path.join("stratoswarm"))
    }

    fn user() -> u32 {
        rustix::process::geteuid().as_raw()
    }

    fn find_in(folder: &Path, process: Option<&str>) -> Result<Found, String> {
        let shown = clean(&folder.to_string_lossy());
        let refused = |why: &str| Err(format!("{shown}: {why}"));
        let none = format!(
            "no program of yours can be watched: none listens in {shown}; \
             start one, such as `stratoswarm run FILE.tsp` with the feature console, or name a server by --url"
        );
        match fs::symlink_metadata(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(none),
            Err(error) => return refused(&format!("cannot be read: {error}; accepted: a folder of yours")),
            Ok(found) if !found.is_dir() => return refused("is no folder; accepted: a folder of yours"),
            // Another user could have put sockets there.
            Ok(found) if found.uid() != user() || found.mode() & 0o077 != 0 => {
                return refused("is open to others; accepted: a folder of yours with mode 0700");
            }
            Ok(_) => {}
        }
        let socket = |name: &str| Source::Process {
            name: name.to_owned(),
            socket: folder.join(format!("{name}.sock")),
        };
        if let Some(name) = process {
            let Some((_, probed)) = probe(&[socket(name)]).pop() else {
                return Err(format!(
                    "process {name} does not listen in {shown}; accepted: the pid of one that does"
                ));
            };
            return Ok(Found { source: socket(name), is_silent: probed.is_none() });
        }
        let all = names(folder).map_err(|error| format!("{shown}: cannot be read: {error}"))?;
        let sources: Vec<_> = all.iter().map(|name| socket(name)).collect();
        let live = probe(&sources);
        match &live[..] {
            [] => Err(none),
            [(only, probed)] => Ok(Found { source: sources[*only].clone(), is_silent: probed.is_none() }),
            [(first, _), ..] => {
                let told = live.iter().map(|(at, program)| {
                    format!("{} ({})", all[*at], program.as_deref().unwrap_or("does not answer"))
                });
                let told: Vec<_> = told.collect();
                Err(format!(
                    "{} programs can be watched: {}; accepted: one of their pids, as in `stratoswarm top {}`",
                    live.len(),
                    told.join(", "),
                    all[*first]
                ))
            }
        }
    }

    /// What the sockets there are called, `4711` or, of a process that has several, `4711-2`.
    fn names(folder: &Path) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let name = entry.file_name();
            let name = name.to_str().and_then(|name| name.strip_suffix(".sock"));
            if let (Some(name), true) = (name.filter(|name| is_process(name)), entry.file_type()?.is_socket())
            {
                names.push(name.to_owned());
            }
        }
        names.sort();
        Ok(names)
    }

    /// Those of them where somebody listens, and the programs; none of one that is silent. Sockets of processes that have ended are left
    /// out.
    fn probe(sources: &[Source]) -> Vec<(usize, Option<String>)> {
        let (told, answers) = mpsc::channel();
        let end = Instant::now() + PATIENCE;
        for (at, source) in sources.iter().cloned().enumerate() {
            let told = told.clone();
            let ask = move || told.send((at, program(&source)));
            if thread::Builder::new().name("probe".to_owned()).spawn(ask).is_err() {
                break;
            }
        }
        drop(told);
        // Whoever has not answered by then listens: nobody hangs up so slowly.
        let mut found = vec![Some(None); sources.len()];
        while let Ok((at, program)) = answers.recv_timeout(end.saturating_duration_since(Instant::now())) {
            found[at] = program;
        }
        found.into_iter().enumerate().filter_map(|(at, program)| Some((at, program?))).collect()
    }

    fn program(source: &Source) -> Option<Option<String>> {
        let asked = Instant::now();
        match source.get("/snapshot.json", PATIENCE) {
            Ok(json) => Some(Some(Picture::read(&json).map_or_else(|why| why, |picture| picture.program))),
            Err(SourceError::Fault(_)) if asked.elapsed() >= PATIENCE => Some(None),
            Err(SourceError::Fault(_)) => Some(Some("does not answer as it should".to_owned())),
            Err(SourceError::Gone(_)) => None,
        }
    }

    #[cfg(test)]
    mod tests {
        use std::os::unix::{fs::PermissionsExt as _, net::UnixListener};

        use super::*;

        fn private() -> tempfile::TempDir {
            let folder = tempfile::tempdir().unwrap();
            fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
            folder
        }

        #[test]
        fn a_folder_that_others_can_write_to_is_refused() {
            let folder = private();
            fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o770)).unwrap();
            let why = find_in(folder.path(), None).unwrap_err();
            assert!(why.contains("is open to others") && why.contains("mode 0700"), "{why}");
            let file = folder.path().join("file");
            fs::write(&file, "").unwrap();
            assert!(find_in(&file, Some("7")).unwrap_err().contains("is no folder"));
            let link = folder.path().join("link");
            std::os::unix::fs::symlink(private().path(), &link).unwrap();
            assert!(find_in(&link, None).unwrap_err().contains("is no folder"), "a link may lead anywhere");
        }

        #[test]
        fn sockets_of_the_dead_are_passed_over() {
            let folder = private();
            let path = |pid: u32| folder.path().join(format!("{pid}.sock"));
            drop(UnixListener::bind(path(1)).unwrap());
            fs::write(path(2), "no socket").unwrap();
            fs::write(folder.path().join("x.sock"), "").unwrap();
            assert!(find_in(folder.path(), None).unwrap_err().contains("`stratoswarm run FILE.tsp` with"));
            assert!(find_in(folder.path(), Some("1")).unwrap_err().contains("process 1 does not listen"));
            // It listens, and never answers.
            let _listener = UnixListener::bind(path(3)).unwrap();
            assert_eq!(
                find_in(folder.path(), None),
                Ok(Found {
                    source: Source::Process { name: "3".to_owned(), socket: path(3) },
                    is_silent: true
                })
            );
            let _second = UnixListener::bind(folder.path().join("3-2.sock")).unwrap();
            let why = find_in(folder.path(), None).unwrap_err();
            assert!(
                why.contains("2 programs can be watched: 3 (does not answer), 3-2 (does not answer)"),
                "{why}"
            );
            assert!(find_in(folder.path(), Some("3-2")).is_ok());
            let missing = folder.path().join("none");
            assert!(find_in(&missing, None).unwrap_err().contains("no program of yours can be watched"));
        }
    }
}
