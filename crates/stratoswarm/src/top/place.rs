//! Where processes of this user listen: a folder with one socket each, named after their pids.

#[cfg(unix)]
pub(super) use unix::find;

/// # Errors
/// There are no such sockets on this system.
#[cfg(not(unix))]
pub(super) fn find(_: Option<u32>) -> Result<super::source::Source, String> {
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
        time::{Duration, Instant},
    };

    use super::super::{
        figure::clean,
        picture::Picture,
        source::{Source, SourceError},
    };

    /// For so long processes are asked what they are.
    const PATIENCE: Duration = Duration::from_secs(2);

    /// The process of that number; the only one that listens, if none is named.
    ///
    /// # Errors
    /// One line: there is none, or more than one, or the folder is not this user's alone.
    pub(in super::super) fn find(pid: Option<u32>) -> Result<Source, String> {
        find_in(&folder(), pid)
    }

    fn folder() -> PathBuf {
        let stated = env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|path| path.is_absolute());
        stated.map_or_else(
            || env::temp_dir().join(format!("stratoswarm-{}", user())),
            |path| path.join("stratoswarm"),
        )
    }

    fn user() -> u32 {
        rustix::process::getuid().as_raw()
    }

    fn find_in(folder: &Path, pid: Option<u32>) -> Result<Source, String> {
        let shown = clean(&folder.to_string_lossy());
        let refused = |why: &str| Err(format!("{shown}: {why}"));
        let none = format!(
            "no program of yours can be watched: none listens in {shown}; \
             start one, such as `stratoswarm run FILE.tsp`, or name a server by --url"
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
        if let Some(pid) = pid {
            let source = Source::Process { pid, socket: folder.join(format!("{pid}.sock")) };
            return match probe(vec![source.clone()]).first() {
                Some(_) => Ok(source),
                None => Err(format!(
                    "process {pid} does not listen in {shown}; accepted: the pid of one that does"
                )),
            };
        }
        let sockets = sockets(folder).map_err(|error| format!("{shown}: cannot be read: {error}"))?;
        let mut live = probe(sockets);
        live.sort();
        match &live[..] {
            [] => Err(none),
            [(pid, _)] => Ok(Source::Process { pid: *pid, socket: folder.join(format!("{pid}.sock")) }),
            [(first, _), ..] => {
                let all: Vec<_> = live.iter().map(|(pid, program)| format!("{pid} ({program})")).collect();
                Err(format!(
                    "{} programs can be watched: {}; accepted: one of their pids, as in `stratoswarm top {first}`",
                    live.len(),
                    all.join(", ")
                ))
            }
        }
    }

    fn sockets(folder: &Path) -> io::Result<Vec<Source>> {
        let mut sockets = Vec::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let name = entry.file_name();
            let pid = name.to_str().and_then(|name| name.strip_suffix(".sock")?.parse().ok());
            if let (Some(pid), true) = (pid, entry.file_type()?.is_socket()) {
                sockets.push(Source::Process { pid, socket: entry.path() });
            }
        }
        Ok(sockets)
    }

    /// Those of them where somebody listens: their pids, and the programs, or that they do not answer. Sockets of processes that have
    /// ended are left out.
    fn probe(sources: Vec<Source>) -> Vec<(u32, String)> {
        let (told, answers) = mpsc::channel();
        let end = Instant::now() + PATIENCE;
        // Whoever has not answered by then listens: nobody hangs up so slowly.
        let mut silent: Vec<_> = sources.iter().filter_map(pid).collect();
        for source in sources {
            let told = told.clone();
            let ask = move || told.send((pid(&source), program(&source)));
            if thread::Builder::new().name("probe".to_owned()).spawn(ask).is_err() {
                break;
            }
        }
        drop(told);
        let mut live = Vec::new();
        while let Ok((pid, program)) = answers.recv_timeout(end.saturating_duration_since(Instant::now())) {
            let Some(pid) = pid else { continue };
            silent.retain(|it| *it != pid);
            live.extend(program.map(|program| (pid, program)));
        }
        live.extend(silent.into_iter().map(|pid| (pid, "does not answer".to_owned())));
        live
    }

    fn pid(source: &Source) -> Option<u32> {
        match source {
            Source::Process { pid, .. } => Some(*pid),
            Source::Server { .. } => None,
        }
    }

    fn program(source: &Source) -> Option<String> {
        match source.get("/snapshot.json", PATIENCE) {
            Ok(json) => Some(Picture::read(&json).map_or_else(|why| why, |picture| picture.program)),
            Err(SourceError::Fault(_)) => Some("does not answer".to_owned()),
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
            assert!(find_in(&file, Some(7)).unwrap_err().contains("is no folder"));
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
            assert!(find_in(folder.path(), None).unwrap_err().contains("`stratoswarm run FILE.tsp`"));
            assert!(find_in(folder.path(), Some(1)).unwrap_err().contains("process 1 does not listen"));
            // It listens, and never answers.
            let _listener = UnixListener::bind(path(3)).unwrap();
            assert_eq!(find_in(folder.path(), None), Ok(Source::Process { pid: 3, socket: path(3) }));
            let missing = folder.path().join("none");
            assert!(find_in(&missing, None).unwrap_err().contains("no program of yours can be watched"));
        }
    }
}
