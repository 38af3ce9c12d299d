//! The policy folder: what is listed, what is refused, how a file is replaced and watched.

#![allow(clippy::unwrap_used, reason = "in a test a panic is the message")]

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use podwall_files::{Folder, POLICY_FILE_LIMIT, ReplaceError, Unusable, Watch, replace};

/// A folder of its own for one test, removed with it.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Scratch {
        let path = std::env::temp_dir().join(format!("pw-files-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Scratch(path)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn names(folder: &Path) -> Vec<String> {
    Folder::new(folder).read().unwrap().into_iter().map(|file| file.name).collect()
}

#[test]
fn files_are_listed_in_order_without_hidden_ones() {
    let scratch = Scratch::new("list");
    for name in ["b.yaml", "a/z.yml", "a/.draft.yaml", ".git/x.yaml", "notes.txt"] {
        scratch.write(name, "x");
    }
    symlink(&scratch.0, scratch.0.join("round")).unwrap();
    symlink(scratch.0.join("b.yaml"), scratch.0.join("link.yaml")).unwrap();
    assert_eq!(names(&scratch.0), ["a/z.yml", "b.yaml", "link.yaml"]);
}

#[test]
fn an_empty_folder_is_an_empty_list_and_a_missing_one_is_an_error() {
    let scratch = Scratch::new("empty");
    assert!(names(&scratch.0).is_empty());
    let error = Folder::new(scratch.0.join("gone")).read().unwrap_err();
    assert!(error.to_string().contains("unable to list the policy folder"), "{error}");
}

#[test]
fn a_100_mb_file_is_refused_by_its_size_and_the_others_are_read() {
    let scratch = Scratch::new("size");
    scratch.write("good.yaml", "kind: x");
    let big = File::create(scratch.0.join("big.yaml")).unwrap();
    big.set_len(100 << 20).unwrap();
    let files = Folder::new(&scratch.0).read().unwrap();
    assert_eq!(
        files[0].text,
        Err(Unusable::TooLong { size_bytes: 100 << 20, limit: POLICY_FILE_LIMIT })
    );
    assert_eq!(files[1].text.as_deref(), Ok("kind: x"));
}

#[test]
fn bytes_that_are_no_text_are_refused() {
    let scratch = Scratch::new("bytes");
    fs::write(scratch.0.join("a.yaml"), b"kind: \xff").unwrap();
    let files = Folder::new(&scratch.0).read().unwrap();
    assert_eq!(files[0].text, Err(Unusable::NotText { offset: 6 }));
}

#[test]
fn a_file_is_replaced_whole_with_its_permissions_and_links_kept() {
    let scratch = Scratch::new("replace");
    let path = scratch.write("a.yaml", "old");
    fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
    let link = scratch.0.join("link.yaml");
    symlink(&path, &link).unwrap();
    replace(&link, "old", "new").unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "new");
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o640);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::read_dir(&scratch.0).unwrap().count(), 2, "nothing is left beside it");
}

#[test]
fn a_text_changed_meanwhile_is_not_overwritten() {
    let scratch = Scratch::new("raced");
    let path = scratch.write("a.yaml", "somebody else's");
    let error = replace(&path, "old", "new").unwrap_err();
    assert!(matches!(error, ReplaceError::Changed(_)), "{error}");
    assert_eq!(fs::read_to_string(&path).unwrap(), "somebody else's");
}

#[test]
fn a_change_wakes_the_watch_and_reading_does_not() {
    let scratch = Scratch::new("watch");
    scratch.write("a.yaml", "1");
    let (told, heard) = mpsc::channel();
    let _watch = Watch::start(&[&scratch.0], &[], move || {
        let _ = told.send(());
    })
    .unwrap();
    assert_eq!(names(&scratch.0), ["a.yaml"]);
    assert!(heard.recv_timeout(Duration::from_millis(200)).is_err(), "reading woke it");
    scratch.write("sub/b.yaml", "2");
    heard.recv_timeout(Duration::from_secs(60)).expect("a new file wakes it");
}
