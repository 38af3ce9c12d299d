//! What has to be so before anything is made: each with a message that says what to do.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, bail};
use podwall_files::{Folder, read_world};

use super::What;

/// Where the kernel describes its own types.
const BTF: &str = "/sys/kernel/btf/vmlinux";
/// What every such description begins with (`linux/btf.h`, in the machine's own byte order).
const BTF_MAGIC: u16 = 0xeb9f;

/// Checks rights, the kernel and the files that were named.
pub(super) fn before_anything(what: &What) -> anyhow::Result<()> {
    if !nix::unistd::geteuid().is_root() {
        bail!(
            "not root: user `{}`, hint: hooks in the kernel need root; run it with sudo",
            nix::unistd::geteuid()
        );
    }
    types_of_the_kernel(Path::new(BTF))?;
    match what {
        What::Demo => Ok(()),
        What::Files { workloads, policies } => named_files(workloads, policies),
    }
}

fn types_of_the_kernel(path: &Path) -> anyhow::Result<()> {
    let mut magic = [0; 2];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut magic));
    if read.is_err() || u16::from_ne_bytes(magic) != BTF_MAGIC {
        bail!(
            "the kernel's type information is missing or hidden: `{}`, hint: it needs a kernel \
             with CONFIG_DEBUG_INFO_BTF=y, and nothing mounted over that path; what is in force \
             stays in force",
            path.display()
        );
    }
    Ok(())
}

/// Files that are broken later change nothing; at the start there is nothing to keep.
fn named_files(workloads: &Path, policies: &Path) -> anyhow::Result<()> {
    read_world(workloads).map_err(|error| match error.line {
        0 => anyhow::anyhow!("{}: {error}", workloads.display()),
        line => anyhow::anyhow!("{}:{line}:{}: {error}", workloads.display(), error.column),
    })?;
    Folder::new(policies).read().map(|_| ()).context("unable to use the policy folder")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn type_information_that_is_hidden_is_said_so() {
        for path in ["/dev/null", "/nowhere"] {
            let error = types_of_the_kernel(Path::new(path)).unwrap_err().to_string();
            assert!(error.contains("type information is missing or hidden"), "{error}");
        }
    }
}
