//! Settings under `/proc/sys/net` of one namespace. They are read and written by a thread inside
//! it, since the kernel shows each thread the settings of its own namespace.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::namespace::{Namespace, NamespaceError};

/// Why a setting could not be read or written.
#[derive(Debug, Error)]
pub enum SysctlError {
    /// The namespace could not be entered.
    #[error(transparent)]
    Namespace(#[from] NamespaceError),
    /// The setting could not be written.
    #[error("unable to write the setting: `{0}`")]
    Write(PathBuf, #[source] io::Error),
}

/// Writes settings, named by their path under `/proc/sys`, e.g. `net/ipv4/ip_forward`.
pub fn write(namespace: &Namespace, settings: &[(&str, &str)]) -> Result<(), SysctlError> {
    namespace.run(|| {
        settings.iter().try_for_each(|(name, value)| {
            let path = Path::new("/proc/sys").join(name);
            fs::write(&path, value).map_err(|cause| SysctlError::Write(path, cause))
        })
    })?
}

/// Whether the kernel has this setting in the namespace.
pub fn exists(namespace: &Namespace, name: &str) -> Result<bool, NamespaceError> {
    namespace.run(|| Path::new("/proc/sys").join(name).exists())
}
