//! Objects that a test compiles itself: the build's sources with one change, or another program.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

/// A directory that goes with its owner.
struct Directory(PathBuf);

impl Directory {
    fn new() -> Directory {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("pw-bpf-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a directory");
        Directory(path)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn compile(source: &Path) -> Vec<u8> {
    let object = source.with_extension("o");
    let compiler = std::env::var("CLANG").unwrap_or_else(|_| "clang-19".to_owned());
    let done = Command::new(compiler)
        .args(["-target", "bpf", "-mcpu=v3", "-O2", "-g", "-w"])
        .arg(format!("-I{}", env!("PODWALL_BPF_HEADERS")))
        .arg(format!("-I/usr/include/{}-linux-gnu", std::env::consts::ARCH))
        .arg("-c")
        .arg(source)
        .arg("-o")
        .arg(&object)
        .status()
        .expect("clang runs");
    assert!(done.success(), "it compiles");
    std::fs::read(object).expect("clang wrote it")
}

/// The build's sources with `from` replaced by `to` in one file, where it stands exactly once.
pub(crate) fn changed(file: &str, from: &str, to: &str) -> Vec<u8> {
    let directory = Directory::new();
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("bpf");
    let mut found = 0;
    for entry in std::fs::read_dir(sources).expect("the sources are there") {
        let path = entry.expect("readable").path();
        let name = path.file_name().expect("a file").to_string_lossy().into_owned();
        let mut text = std::fs::read_to_string(&path).expect("text");
        if name == file {
            found = text.matches(from).count();
            text = text.replace(from, to);
        }
        std::fs::write(directory.0.join(name), text).expect("a copy");
    }
    assert_eq!(found, 1, "`{from}` stands once in {file}");
    compile(&directory.0.join("datapath.bpf.c"))
}

/// A program of its own.
pub(crate) fn of(text: &str) -> Vec<u8> {
    let directory = Directory::new();
    let source = directory.0.join("own.bpf.c");
    std::fs::write(&source, text).expect("a source");
    compile(&source)
}
