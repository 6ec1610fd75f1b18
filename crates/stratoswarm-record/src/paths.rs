/// Parts of messages, as JSON pointers: `/at`, or `jobs:/at` of one channel. `*` stands for any key or place.
#[derive(Debug, Clone, Default)]
pub(crate) struct Paths(Vec<(Option<String>, Vec<String>)>);

impl Paths {
    /// Adds one; whether it is a path.
    pub(crate) fn add(&mut self, text: &str) -> bool {
        let (channel, pointer) = match text.find(":/") {
            Some(at) => (Some(text[..at].to_owned()), &text[at + 1..]),
            None => (None, text),
        };
        self.put(channel, pointer)
    }

    /// Adds a path of one channel; whether it is one.
    pub(crate) fn put(&mut self, channel: Option<String>, pointer: &str) -> bool {
        let Some(rest) = pointer.strip_prefix('/') else {
            return pointer.is_empty() && {
                self.0.push((channel, Vec::new()));
                true
            };
        };
        let keys = rest.split('/').map(|key| key.replace("~1", "/").replace("~0", "~")).collect();
        self.0.push((channel, keys));
        true
    }

    /// Whether one of them is of this channel alone.
    pub(crate) fn name(&self, channel: &str) -> bool {
        self.0.iter().any(|(of, _)| of.as_deref() == Some(channel))
    }

    /// Those of one channel, each with its place among all.
    pub(crate) fn numbered(&self, channel: &str) -> Vec<(usize, Vec<String>)> {
        let all = self.0.iter().enumerate();
        let of = all.filter(|(_, (of, _))| of.as_ref().is_none_or(|of| of == channel));
        of.map(|(number, (_, keys))| (number, keys.clone())).collect()
    }

    /// Those of one channel.
    pub(crate) fn of(&self, channel: &str) -> Vec<Vec<String>> {
        let of = self.0.iter().filter(|(of, _)| of.as_ref().is_none_or(|of| of == channel));
        of.map(|(_, keys)| keys.clone()).collect()
    }
}

/// Whether one of these paths leads here.
pub(crate) fn leads_to(paths: &[Vec<String>], here: &[String]) -> bool {
    let fits = |path: &Vec<String>| {
        path.len() == here.len() && path.iter().zip(here).all(|(key, at)| key == "*" || key == at)
    };
    paths.iter().any(fits)
}

/// The pointer that leads here.
pub(crate) fn pointer(here: &[String]) -> String {
    let mut text = String::new();
    for key in here {
        text.push('/');
        text.push_str(&key.replace('~', "~0").replace('/', "~1"));
    }
    text
}
