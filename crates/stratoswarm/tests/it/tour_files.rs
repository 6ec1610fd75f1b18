use std::fs;

use stratoswarm::tsplib::{TourFile, parse_tour};

fn tour() -> TourFile {
    TourFile { name: "t.tour".into(), comment: "Length 7".into(), nodes: vec![2, 0, 1] }
}

#[test]
fn what_is_written_is_read_back() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("t.tour");
    fs::write(&path, "an older result").unwrap();
    TourFile::check_writable(&path).unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"an older result");
    tour().write(&path).unwrap();
    assert_eq!(parse_tour(&fs::read(&path).unwrap()), Ok(tour()));
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "no temporary file stays behind");
}

#[test]
fn a_name_cannot_forge_keywords() {
    let forged = TourFile { name: "x\nTYPE : TSP".into(), ..tour() };
    assert_eq!(parse_tour(forged.to_string().as_bytes()).unwrap().name, "x TYPE : TSP");
}

#[test]
fn places_that_cannot_be_written_are_known_beforehand() {
    let directory = tempfile::tempdir().unwrap();
    let missing = directory.path().join("none").join("t.tour");
    for path in [directory.path(), missing.as_path(), "/".as_ref(), "".as_ref()] {
        assert!(TourFile::check_writable(path).is_err(), "{}", path.display());
        assert!(tour().write(path).is_err(), "{}", path.display());
    }
    let locked = directory.path().join("locked.tour");
    fs::write(&locked, "kept").unwrap();
    let mut permissions = fs::metadata(&locked).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&locked, permissions).unwrap();
    assert!(TourFile::check_writable(&locked).is_err());
    assert!(tour().write(&locked).is_err());
    assert_eq!(fs::read(&locked).unwrap(), b"kept");
}

#[cfg(unix)]
#[test]
fn devices_are_not_replaced_and_links_stay() {
    let directory = tempfile::tempdir().unwrap();
    assert!(tour().write("/dev/null".as_ref()).is_err());
    let (file, link) = (directory.path().join("file"), directory.path().join("link"));
    fs::write(&file, "old").unwrap();
    std::os::unix::fs::symlink(&file, &link).unwrap();
    tour().write(&link).unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert!(parse_tour(&fs::read(&file).unwrap()).is_ok());
}
