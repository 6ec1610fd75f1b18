use std::{
    fs,
    path::{Path, PathBuf},
};

/// The parts of a recording that was to rotate, in their order: of `run.mcap` those are `run.0001.mcap`, `run.0002.mcap` and so on. None
/// if there are none, or their folder cannot be read.
///
/// # Examples
/// ```
/// let folder = tempfile::tempdir()?;
/// for name in ["run.0002.mcap", "run.0001.mcap", "run.mcap", "other.0001.mcap"] {
///     std::fs::write(folder.path().join(name), b"")?;
/// }
/// let parts = stratoswarm_record::part_paths(folder.path().join("run.mcap"));
/// assert_eq!(parts, ["run.0001.mcap", "run.0002.mcap"].map(|name| folder.path().join(name)));
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn part_paths(path: impl AsRef<Path>) -> Vec<PathBuf> {
    let path = path.as_ref();
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let (before, after) = around_number(path);
    let number = |name: &str| {
        let number = name.strip_prefix(&*before)?.strip_suffix(&*after)?;
        let is_number = number.len() >= 4 && number.bytes().all(|digit| digit.is_ascii_digit());
        number.parse::<u64>().ok().filter(|_| is_number)
    };
    let mut parts: Vec<_> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let name = entry.ok()?.file_name();
            Some((number(name.to_str()?)?, path.with_file_name(name)))
        })
        .collect();
    parts.sort();
    parts.into_iter().map(|(_, path)| path).collect()
}

/// What a part is a part of, and which one, by its name: `run.mcap` and 2 of `run.0002.mcap`.
pub(crate) fn part_of(path: &Path) -> Option<(PathBuf, u64)> {
    let stem = path.file_stem()?.to_str()?;
    let (name, number) = stem.rsplit_once('.')?;
    let is_number = number.len() >= 4 && number.bytes().all(|digit| digit.is_ascii_digit());
    let number = number.parse().ok().filter(|_| is_number)?;
    let mut of = path.with_file_name(name).into_os_string();
    if let Some(extension) = path.extension() {
        of.push(".");
        of.push(extension);
    }
    Some((of.into(), number))
}

/// What stands before and behind a part's number in the name of its file.
pub(crate) fn around_number(path: &Path) -> (String, String) {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let extension = path.extension().map(|it| format!(".{}", it.to_string_lossy()));
    (format!("{stem}."), extension.unwrap_or_default())
}
