//! YAML as a tree with places: what a document's text says, before anything is meant by it.
//!
//! Built from parser events by hand, so that a document with one mistake still shows the others,
//! and so that nothing is guessed: a scalar keeps its text and whether it was quoted. What it
//! reads is bounded: bytes, values and depth; an alias counts as all that it stands for.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use granit_parser::{Event, Marker, Options, Parser, ScalarStyle, StrInput};

use crate::diagnostic::{Code, Findings, Span, is_invisible, shown};

/// The most bytes one file may have. Kubernetes keeps objects of about 1.5 MB; a file may hold
/// many.
pub const MAX_BYTES: usize = 16 << 20;
/// The most values one document may hold, aliases resolved.
const MAX_VALUES: usize = 1_000_000;
/// The deepest nesting; the deepest field of the language stands at 12.
const MAX_DEPTH: usize = 40;

/// One value of a document.
#[derive(Clone, Debug)]
pub struct Node {
    /// Where it begins.
    pub span: Span,
    /// Its bytes in the text; of a mapping or list, those of its first token.
    pub bytes: Range<usize>,
    /// What it is.
    pub value: Value,
    /// How many values it is, itself included.
    size: usize,
}

/// What a value of a document is.
#[derive(Clone, Debug)]
pub enum Value {
    /// A single one.
    Scalar {
        /// What it says, quotes resolved.
        text: String,
        /// Whether it stands without quotes.
        plain: bool,
    },
    /// A list.
    List(Vec<Node>),
    /// Entries in the order of the text, keys without duplicates.
    Map {
        /// The entries.
        entries: Vec<(Key, Node)>,
        /// Whether each has a line of its own, rather than braces around all.
        block: bool,
    },
}

/// The key of an entry.
#[derive(Clone, Debug)]
pub struct Key {
    /// What it says.
    pub text: String,
    /// Where it begins.
    pub span: Span,
    /// Its bytes in the text.
    pub bytes: Range<usize>,
}

impl Node {
    /// Whether it is YAML's null: an absent value for everything that may be absent.
    pub fn is_null(&self) -> bool {
        match &self.value {
            Value::Scalar { text, plain } => {
                *plain && matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL")
            }
            Value::List(_) | Value::Map { .. } => false,
        }
    }

    /// The value under a key of a mapping.
    pub fn entry(&self, key: &str) -> Option<(&Key, &Node)> {
        match &self.value {
            Value::Map { entries, .. } => {
                entries.iter().find(|(k, _)| k.text == key).map(|(k, node)| (k, node))
            }
            Value::Scalar { .. } | Value::List(_) => None,
        }
    }
}

/// One document of a text.
pub struct Tree {
    /// Where it begins.
    pub span: Span,
    /// Its value, unless it could not be read.
    pub root: Option<Node>,
    /// How many errors reading it brought.
    pub errors: usize,
}

/// The documents of a text as they are written, for whoever has to say where something stands. What
/// is wrong with them is for `check` to say.
pub fn trees(text: &str) -> Vec<Tree> {
    read(text, &mut Findings::of(""))
}

/// The documents of a text. What is wrong with one does not hide the next.
pub(crate) fn read(text: &str, findings: &mut Findings) -> Vec<Tree> {
    let start = Span { line: 1, column: 1 };
    if text.len() > MAX_BYTES {
        findings.error_with(
            Code::TOO_LARGE,
            start,
            format!("file too large: `{} bytes`", text.len()),
            format!("at most {} MiB are read; split it", MAX_BYTES >> 20),
        );
        return vec![Tree { span: start, root: None, errors: 1 }];
    }
    let mut options = Options::default();
    options.set_emit_comments(false);
    options.flow_nesting_limit = MAX_DEPTH + 1;
    options.block_nesting_limit = MAX_DEPTH + 1;
    options.disallow_directives = true;
    let mut parser = Parser::new_from_str_with_options(text, options);
    let mut trees: Vec<Tree> = Vec::new();
    loop {
        let before = findings.errors();
        let (tree, more) = read_document(&mut parser, findings);
        if let Some((span, root)) = tree {
            trees.push(Tree { span, root, errors: findings.errors() - before });
        }
        if !more {
            break;
        }
    }
    find_invisible(text, &mut trees, findings);
    trees
}

/// Characters nobody sees are refused wherever they stand, comments too: a reader must be able to
/// trust what he sees.
fn find_invisible(text: &str, trees: &mut [Tree], findings: &mut Findings) {
    for (number, line) in text.lines().enumerate() {
        for (column, character) in line.chars().enumerate() {
            let hidden = is_invisible(character) && !(number == 0 && column == 0);
            if hidden || (character.is_control() && character != '\t' && character != '\r') {
                let span = span(number + 1, column);
                findings.error_with(
                    Code::INVISIBLE,
                    span,
                    format!("character that does not show: `U+{:04X}`", u32::from(character)),
                    "remove it",
                );
                let owner = trees.partition_point(|tree| tree.span <= span).saturating_sub(1);
                if let Some(tree) = trees.get_mut(owner) {
                    tree.errors += 1;
                }
                break;
            }
        }
    }
}

fn span(line: usize, column_from_0: usize) -> Span {
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Span { line: number(line), column: number(column_from_0 + 1) }
}

fn place(marker: &Marker) -> Span {
    span(marker.line(), marker.col())
}

type Events<'text> = Parser<'text, StrInput<'text>>;
/// A document that was begun: its place and its value.
type Begun = Option<(Span, Option<Node>)>;

/// Reads one document; also whether another may follow.
fn read_document(parser: &mut Events<'_>, findings: &mut Findings) -> (Begun, bool) {
    let mut begun: Option<Span> = None;
    let mut builder = Builder::default();
    loop {
        let problem = match parser.next_event() {
            None => return (begun.map(|span| (span, None)), false),
            Some(Ok((Event::StreamEnd, _))) => return (None, false),
            Some(Ok((Event::DocumentStart(..), span))) => {
                begun = Some(place(&span.start));
                continue;
            }
            Some(Ok((Event::DocumentEnd, _))) => {
                let root = builder.root.take();
                return (begun.map(|span| (span, root)), true);
            }
            Some(Ok((event, span))) => match builder.take(event, &span, findings) {
                Ok(()) => continue,
                Err(problem) => problem,
            },
            Some(Err(error)) => Problem {
                code: Code::BROKEN_YAML,
                span: place(error.marker()),
                message: said(&error),
            },
        };
        let Problem { code, span, message } = problem;
        findings.error_with(
            code,
            span,
            message,
            "this document is left out; others of the file are read",
        );
        let more = matches!(parser.proceed_next_document(), Ok(true));
        return (Some((begun.unwrap_or(span), None)), more);
    }
}

fn said(error: &granit_parser::ScanError) -> String {
    format!("broken YAML: {}", shown(&error.info()))
}

/// Why a document cannot be read on.
struct Problem {
    code: Code,
    span: Span,
    message: String,
}

/// A mapping or list that is still open.
struct Open {
    anchor: usize,
    span: Span,
    bytes: Range<usize>,
    size: usize,
    kind: OpenKind,
}

enum OpenKind {
    List(Vec<Node>),
    Map { entries: Vec<(Key, Node)>, keys: HashSet<String>, pending: Option<Key>, block: bool },
}

#[derive(Default)]
struct Builder {
    root: Option<Node>,
    open: Vec<Open>,
    anchors: HashMap<usize, Node>,
    values: usize,
}

impl Builder {
    fn take(
        &mut self,
        event: Event<'_>,
        source: &granit_parser::Span,
        findings: &mut Findings,
    ) -> Result<(), Problem> {
        let at = place(&source.start);
        let bytes = source.byte_range().unwrap_or(0..0);
        let tagged = event.tag().is_some();
        if tagged {
            findings.error_with(
                Code::YAML_FEATURE,
                at,
                "tags are not read here",
                "write the value without a tag",
            );
        }
        match event {
            Event::Scalar(text, style, anchor, _) => {
                let plain = style == ScalarStyle::Plain;
                let value = Value::Scalar { text: text.into_owned(), plain };
                self.close(Node { span: at, bytes, value, size: 1 }, anchor, findings)
            }
            Event::SequenceStart(_, anchor, _) => self.begin(Open {
                anchor,
                span: at,
                bytes,
                size: 1,
                kind: OpenKind::List(Vec::new()),
            }),
            Event::MappingStart(style, anchor, _) => {
                let kind = OpenKind::Map {
                    entries: Vec::new(),
                    keys: HashSet::new(),
                    pending: None,
                    block: style == granit_parser::StructureStyle::Block,
                };
                self.begin(Open { anchor, span: at, bytes, size: 1, kind })
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let open = self.open.pop().expect("the parser closes what it opened");
                let value = match open.kind {
                    OpenKind::List(items) => Value::List(items),
                    OpenKind::Map { entries, block, .. } => Value::Map { entries, block },
                };
                let Open { anchor, span, bytes, size, .. } = open;
                self.close(Node { span, bytes, value, size }, anchor, findings)
            }
            Event::Alias(anchor) => {
                let node = Node { span: at, bytes, ..self.resolve(anchor, at)? };
                self.close(node, 0, findings)
            }
            _ => Ok(()),
        }
    }

    /// What an alias stands for; refused before it is copied if that would be too much.
    fn resolve(&mut self, anchor: usize, at: Span) -> Result<Node, Problem> {
        let Some(node) = self.anchors.get(&anchor) else {
            let message = "alias of a value that is still open, or unknown".to_owned();
            return Err(Problem { code: Code::BROKEN_YAML, span: at, message });
        };
        if self.values + node.size > MAX_VALUES {
            return Err(too_many(at));
        }
        self.values += node.size;
        Ok(node.clone())
    }

    fn begin(&mut self, open: Open) -> Result<(), Problem> {
        if self.open.len() >= MAX_DEPTH {
            let message = format!("nested too deep: `more than {MAX_DEPTH} levels`");
            return Err(Problem { code: Code::TOO_MANY, span: open.span, message });
        }
        self.open.push(open);
        Ok(())
    }

    /// A value is whole: it goes into what is open around it.
    fn close(&mut self, node: Node, anchor: usize, findings: &mut Findings) -> Result<(), Problem> {
        self.values += 1;
        if self.values > MAX_VALUES {
            return Err(too_many(node.span));
        }
        if anchor != 0 {
            self.values += node.size;
            self.anchors.insert(anchor, node.clone());
        }
        let Some(open) = self.open.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        open.size += node.size;
        match &mut open.kind {
            OpenKind::List(items) => items.push(node),
            OpenKind::Map { entries, keys, pending, .. } => match pending.take() {
                None => *pending = Some(key_of(node, keys, findings)?),
                Some(key) => entries.push((key, node)),
            },
        }
        Ok(())
    }
}

fn key_of(node: Node, keys: &mut HashSet<String>, findings: &mut Findings) -> Result<Key, Problem> {
    let Node { span, bytes, value, .. } = node;
    let Value::Scalar { text, plain } = value else {
        let message = "a key must be a text, not a list or mapping".to_owned();
        return Err(Problem { code: Code::SHAPE, span, message });
    };
    if plain && text == "<<" {
        findings.error_with(
            Code::YAML_FEATURE,
            span,
            "merge keys are not read here",
            "write the fields out",
        );
    } else if !keys.insert(text.clone()) {
        findings.error_with(
            Code::DUPLICATE_KEY,
            span,
            format!("key stands twice: `{}`", shown(&text)),
            "keep one of the two",
        );
    }
    Ok(Key { text, span, bytes })
}

fn too_many(span: Span) -> Problem {
    let message = format!("too many values in one document: `more than {MAX_VALUES}`");
    Problem { code: Code::TOO_MANY, span, message }
}
