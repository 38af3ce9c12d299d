//! The front end beside the verdicts of Go's `regexp` and RE2, recorded in `tests/re2.tsv`.

use super::*;

/// `pattern`, `text` and the verdict: whether both take the pattern, and whether all of the text
/// matches. Pattern and text are JSON strings; see `tools/re2`.
const TABLE: &str = include_str!("../../tests/re2.tsv");

/// A JSON string of the table: ASCII, with the escapes that its writers use.
fn unquoted(quoted: &str) -> String {
    let inner = quoted.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    let mut letters = inner.expect("a quoted text").chars();
    let mut units: Vec<u16> = Vec::new();
    while let Some(letter) = letters.next() {
        let unit = match letter {
            '\\' => match letters.next().expect("an escape has a letter") {
                'n' => u16::from(b'\n'),
                't' => u16::from(b'\t'),
                'r' => u16::from(b'\r'),
                'b' => 8,
                'f' => 12,
                'u' => {
                    let digits: String = letters.by_ref().take(4).collect();
                    u16::from_str_radix(&digits, 16).expect("four digits")
                }
                other => other as u16,
            },
            other => other as u16,
        };
        units.push(unit);
    }
    String::from_utf16(&units).expect("a whole text")
}

#[test]
fn every_recorded_verdict_is_ours() {
    let mut count = [0, 0, 0];
    for line in TABLE.lines().filter(|line| !line.starts_with('#')) {
        let columns: Vec<&str> = line.split('\t').collect();
        let [pattern, text, verdict] = columns[..] else { panic!("three columns: {line}") };
        let (pattern, text) = (unquoted(pattern), unquoted(text));
        let ours = match Pattern::new(&pattern) {
            Err(_) => "invalid",
            Ok(pattern) if pattern.matches(&text) => "match",
            Ok(_) => "other",
        };
        assert_eq!(ours, verdict, "{pattern:?} and {text:?}: {:?}", Pattern::new(&pattern));
        count[["invalid", "match", "other"].iter().position(|one| *one == ours).unwrap()] += 1;
    }
    assert!(count.iter().all(|count| *count > 50), "{count:?}");
}

#[test]
fn errors_are_said_in_the_words_of_go() {
    for (pattern, said) in [
        ("[", "missing closing ]: `[`"),
        ("(a", "missing closing ): `(a`"),
        ("a)", "unexpected ): `)`"),
        ("*a", "missing argument to repetition operator: `*`"),
        ("a**", "invalid nested repetition operator: `**`"),
        ("a{1001}", "invalid repeat count: `{1001}`"),
        ("(?:a{10}){101}", "invalid repeat count: `{101}`"),
        ("\\8", "invalid escape sequence: `\\8`"),
        ("\\C", "invalid escape sequence: `\\C`"),
        ("[b-a]", "invalid character class range: `b-a`"),
        ("[[:no:]]", "invalid character class range: `[:no:]`"),
        ("(?=a)", "invalid or unsupported Perl syntax: `(?=a)`"),
        ("(?P<a b>c)", "invalid named capture: `(?P<a b>`"),
        ("a\\", "trailing backslash at end of expression"),
    ] {
        assert_eq!(Pattern::new(pattern).unwrap_err().to_string(), said);
    }
}

#[test]
fn what_an_expression_costs_is_bounded() {
    let deep = "(".repeat(300) + &")".repeat(300);
    assert_eq!(Pattern::new(&deep).unwrap_err().what, "expression nests too deeply");
    assert_eq!(Pattern::new("\\pL{1000}").unwrap_err().what, "expression too large");
    assert!(Pattern::new(&"a".repeat(MAX_BYTES + 1)).is_err());
    let deep = "(".repeat(199) + "a" + &"+)".repeat(199);
    assert!(Pattern::new(&deep).unwrap().matches("aaa"));
}

#[test]
fn shapes_are_true_of_every_match() {
    let shape = |text: &str| Pattern::new(text).unwrap().shape().clone();
    assert_eq!(shape("/a/b").texts, Some(vec!["/a/b".to_owned()]));
    assert_eq!(shape("").texts, Some(vec![String::new()]));
    assert_eq!(shape("/api/v1/[0-9]+/x").prefix, "/api/v1/");
    assert_eq!(shape("/api/v1/[0-9]+/x").suffix, "/x");
    assert_eq!(shape(".*public$").suffix, "public");
    assert_eq!(shape("^/a(b|c)?").prefix, "/a");
    assert_eq!(shape("(?i)/a").prefix, "/");
    assert_eq!(shape("(ab)+c").prefix, "ab");
    assert_eq!(shape("(ab)*c").prefix, "");
}

#[test]
fn one_engine_says_what_each_expression_says() {
    let texts = ["/a/.*", ".*b", "/a/[0-9]+/b", "(?i)/A/.*", "", "/a/1/b"];
    let patterns: Vec<Pattern> = texts.iter().map(|text| Pattern::new(text).unwrap()).collect();
    let all: Vec<&Pattern> = patterns.iter().collect();
    let engine = Engine::new(&all);
    for text in ["/a/1/b", "/A/b", "", "b", "/a/", "x"] {
        let mut found = Vec::new();
        engine.each_match(text, |at| found.push(at));
        let meant: Vec<usize> =
            (0..patterns.len()).filter(|at| patterns[*at].matches(text)).collect();
        assert_eq!(found, meant, "{text}");
    }
}
