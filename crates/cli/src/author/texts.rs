//! Reading what the words of a command line name.

use std::path::Path;

use podwall_author::lint::Text;
use podwall_files::{parse_world, read_source};
use podwall_model::World;

/// The texts of all these words, in order; one that stands in several of them only once.
pub(super) fn read(words: &[String]) -> anyhow::Result<Vec<Text>> {
    let mut texts: Vec<Text> = Vec::new();
    for word in words {
        for source in read_source(word)? {
            if texts.iter().all(|text| text.file != source.name) {
                texts.push(Text { file: source.name, text: source.text });
            }
        }
    }
    Ok(texts)
}

/// The world that a word names: a file, a revision of one, or standard input.
pub(super) fn world(word: &str) -> anyhow::Result<World> {
    let sources = read_source(word)?;
    let [source] = sources.as_slice() else {
        anyhow::bail!("one file with a world is wanted: `{word}` is a folder");
    };
    match parse_world(&source.text) {
        Ok(workloads) => Ok(workloads.world),
        Err(error) if error.line > 0 => {
            anyhow::bail!("{}:{}:{}: {}", source.name, error.line, error.column, error.message)
        }
        Err(error) => anyhow::bail!("{}: {}", source.name, error.message),
    }
}

/// Whether a name is one of a file on disk, which can be written.
pub(super) fn is_on_disk(name: &str) -> bool {
    name != "-" && Path::new(name).is_file()
}
