//! Where the socket of each process is found by whoever looks for it: a folder that its user alone may enter, in place of tokens.

use std::{
    env, fs, io,
    os::unix::{
        fs::{DirBuilderExt as _, MetadataExt as _},
        net::{UnixListener, UnixStream},
    },
    path::{Path, PathBuf},
};

use rustix::process::{Pid, geteuid, test_kill_process};

/// The most consoles that one process may have sockets of.
const SOCKETS: u32 = 100;

/// `$XDG_RUNTIME_DIR/stratoswarm`; without such a folder one in that for temporary files.
pub(crate) fn socket_folder() -> PathBuf {
    let runtime = env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|path| path.is_absolute());
    match runtime {
        Some(runtime) => runtime.join("stratoswarm"),
        None => env::temp_dir().join(format!("stratoswarm-{}", geteuid().as_raw())),
    }
}

/// Listens in `folder`, which is made if it is not there; what is left there of processes that are gone is removed.
///
/// # Errors
/// The folder, or what else is of its name, belongs to another user or others may enter it; or the socket cannot be made.
pub(crate) fn listen(folder: &Path) -> io::Result<(UnixListener, PathBuf)> {
    match fs::DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => refuse_others(folder)?,
    }
    clean(folder);
    let process = std::process::id();
    for number in 1..=SOCKETS {
        let name = if number == 1 { format!("{process}.sock") } else { format!("{process}-{number}.sock") };
        let path = folder.join(name);
        match UnixListener::bind(&path) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                // Of an earlier process of this number, as this one listens at its own.
                if is_deaf(&path) && fs::remove_file(&path).is_ok() {
                    return Ok((UnixListener::bind(&path)?, path));
                }
            }
            bound => return Ok((bound?, path)),
        }
    }
    Err(io::Error::new(io::ErrorKind::AddrInUse, format!("this process has {SOCKETS} sockets there")))
}

/// # Errors
/// Others than this process' user may enter it.
fn refuse_others(folder: &Path) -> io::Result<()> {
    let found = fs::symlink_metadata(folder)?;
    let refused = |why: &str| Err(io::Error::new(io::ErrorKind::PermissionDenied, why));
    if !found.is_dir() {
        return refused("it is no folder; remove it");
    }
    if found.uid() != geteuid().as_raw() {
        return refused("it belongs to another user; set XDG_RUNTIME_DIR to a folder of your own");
    }
    if found.mode() & 0o077 != 0 {
        return refused("others may enter it; make it yours alone, with `chmod 700`");
    }
    Ok(())
}

/// Removes the sockets of processes that are gone without having removed them.
fn clean(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        // A number that is not in use here may be in another namespace, where somebody listens.
        if process_of(&path).is_some_and(|process| test_kill_process(process).is_err()) && is_deaf(&path) {
            let _ = fs::remove_file(&path); // or another one has done so
        }
    }
}

/// Whose socket it is, by its name.
fn process_of(path: &Path) -> Option<Pid> {
    let name = path.file_name()?.to_str()?.strip_suffix(".sock")?;
    let number = name.split_once('-').map_or(name, |(process, _)| process);
    Pid::from_raw(number.parse().ok().filter(|number| *number > 0)?)
}

/// Nobody listens at it.
fn is_deaf(path: &Path) -> bool {
    UnixStream::connect(path).is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn own_folder(within: &tempfile::TempDir) -> PathBuf {
        let folder = within.path().join("own");
        fs::DirBuilder::new().mode(0o700).create(&folder).unwrap();
        folder
    }

    #[test]
    fn the_folder_is_made_for_its_user_alone_and_the_socket_named_by_the_process() {
        let within = tempfile::tempdir().unwrap();
        let folder = within.path().join("stratoswarm");
        let (_listener, path) = listen(&folder).unwrap();
        assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
        assert_eq!(path, folder.join(format!("{}.sock", std::process::id())));
        UnixStream::connect(&path).unwrap();
    }

    #[test]
    fn a_folder_that_others_may_enter_is_refused_and_so_is_what_is_none() {
        let within = tempfile::tempdir().unwrap();
        let folder = within.path().join("open");
        fs::DirBuilder::new().mode(0o755).create(&folder).unwrap();
        let error = listen(&folder).unwrap_err();
        assert!(error.to_string().contains("chmod 700"), "{error}");
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
        let link = within.path().join("link");
        std::os::unix::fs::symlink(within.path(), &link).unwrap();
        assert!(listen(&link).unwrap_err().to_string().contains("no folder"));
    }

    #[test]
    fn sockets_of_dead_processes_go_and_all_others_stay() {
        let within = tempfile::tempdir().unwrap();
        let folder = &own_folder(&within);
        let mut child = std::process::Command::new("true").spawn().unwrap();
        child.wait().unwrap();
        let socket = |name: String| {
            let path = folder.join(name);
            (UnixListener::bind(&path).unwrap(), path)
        };
        let (dead, of_dead) = socket(format!("{}.sock", child.id()));
        let (other, second_of_dead) = socket(format!("{}-2.sock", child.id()));
        let (_heard, in_another_namespace) = socket(format!("{}-3.sock", child.id()));
        let (_parent, of_parent) = socket(format!("{}.sock", std::os::unix::process::parent_id()));
        let (foreign, of_nobody) = socket("else.sock".to_owned());
        drop((dead, other, foreign));
        fs::write(folder.join("0.sock"), "").unwrap();
        let (_listener, own) = listen(folder).unwrap();
        let stays = |path: &Path| path.exists();
        assert!(!stays(&of_dead) && !stays(&second_of_dead));
        assert!([own, in_another_namespace, of_parent, of_nobody].iter().all(|path| stays(path)));
    }

    #[test]
    fn a_second_console_has_a_socket_beside_the_first_and_an_earlier_process_none() {
        let within = tempfile::tempdir().unwrap();
        let folder = &own_folder(&within);
        let own = folder.join(format!("{}.sock", std::process::id()));
        drop(UnixListener::bind(&own).unwrap()); // whoever had this number before
        let (_first, path) = listen(folder).unwrap();
        assert_eq!(path, own);
        let (_second, path) = listen(folder).unwrap();
        assert_eq!(path, folder.join(format!("{}-2.sock", std::process::id())));
    }
}
