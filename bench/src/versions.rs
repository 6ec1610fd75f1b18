//! The versions this binary was built with, out of the workspace's `Cargo.lock`.

const LOCK: &str = include_str!("../../Cargo.lock");

/// The older revision's package; its version is the revision, which `bench/before` states.
pub(crate) const BEFORE: &str = "stratoswarm-before";

/// The locked version of a package; `?` for one that is not in the lock file.
pub(crate) fn of(package: &str) -> &'static str {
    if package == BEFORE {
        return option_env!("STRATOSWARM_BEFORE").unwrap_or("?");
    }
    let name = format!("name = \"{package}\"");
    let mut lines = LOCK.lines();
    while let Some(line) = lines.next() {
        if line == name {
            let version = lines.next().and_then(|line| line.strip_prefix("version = \""));
            return version.map_or("?", |version| version.trim_end_matches('"'));
        }
    }
    "?"
}
