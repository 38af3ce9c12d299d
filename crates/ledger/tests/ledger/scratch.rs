//! A directory of its own for one test, removed with it; on a small disk where that is asked for.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

pub(crate) struct Scratch {
    path: PathBuf,
    mounted: bool,
}

impl Scratch {
    pub(crate) fn new(name: &str) -> Scratch {
        let path = std::env::temp_dir().join(format!("pw-ledger-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Scratch { path, mounted: false }
    }

    /// On a disk of so many kilobytes. Needs root.
    pub(crate) fn small(name: &str, kilobytes: u32) -> Scratch {
        let mut scratch = Scratch::new(name);
        let size = format!("size={kilobytes}k,mode=0700");
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "podwall-test"])
            .arg(&scratch.path)
            .status()
            .unwrap();
        assert!(mount.success(), "this test needs root: it mounts a small disk");
        scratch.mounted = true;
        scratch
    }

    pub(crate) fn path(&self) -> &PathBuf {
        &self.path
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.path.join("ledger.sqlite")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if self.mounted {
            let _ = Command::new("umount").arg(&self.path).status();
        }
        let _ = fs::remove_dir_all(&self.path);
    }
}
