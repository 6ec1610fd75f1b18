use std::{fmt, sync::Weak};

use super::{Fabric, directory::Directory};

/// A handle of a [`Fabric`] that does not keep its channels open.
///
/// # Examples
/// ```
/// # use stratoswarm_core::Fabric;
/// let fabric = Fabric::new();
/// let weak = fabric.downgrade();
/// assert!(weak.upgrade().is_some());
/// drop(fabric);
/// assert!(weak.upgrade().is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct WeakFabric(Weak<Directory>);

impl WeakFabric {
    pub(super) fn new(directory: Weak<Directory>) -> Self {
        Self(directory)
    }

    /// A full handle, while another one exists.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::Fabric;
    /// let fabric = Fabric::new();
    /// let weak = fabric.downgrade();
    /// let full = weak.upgrade().ok_or("it is gone")?;
    /// drop(fabric);
    /// assert!(full.broadcast::<u32>("news").open().is_ok(), "it keeps the fabric");
    /// drop(full);
    /// assert!(weak.upgrade().is_none());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn upgrade(&self) -> Option<Fabric> {
        self.0.upgrade().map(Fabric::from_directory)
    }
}

impl fmt::Debug for WeakFabric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WeakFabric")
    }
}
