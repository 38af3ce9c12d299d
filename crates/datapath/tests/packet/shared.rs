//! The two sides agree: every field of `abi.h` in the object's BTF, every reason, every number.

use std::collections::BTreeMap;
use std::path::Path;

use libbpf_rs::btf::types::{Array, Composite, Int, Struct};
use libbpf_rs::btf::{Btf, HasSize};
use podwall_datapath::abi;
use podwall_model::{Reason, Verdict};

/// The numbers that a `#define NAME number` or an X-list line of a header gives.
fn numbers(header: &str) -> BTreeMap<String, u32> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("bpf").join(header);
    let text = std::fs::read_to_string(path).expect("the header is there");
    let mut found = BTreeMap::new();
    for line in text.lines() {
        let define = line.strip_prefix("#define ").and_then(|rest| rest.split_once(' '));
        let listed = line
            .trim()
            .strip_prefix("X(")
            .and_then(|rest| rest.split(')').next().and_then(|pair| pair.split_once(", ")));
        if let Some((name, number)) = define.or(listed)
            && let Ok(number) = number.trim().parse()
        {
            found.insert(name.to_owned(), number);
        }
    }
    found
}

fn size_of_type(kind: libbpf_rs::btf::BtfType<'_>) -> usize {
    let kind = kind.skip_mods_and_typedefs();
    if let Ok(array) = Array::try_from(kind) {
        return array.capacity() * size_of_type(array.contained_type());
    }
    if let Ok(number) = Int::try_from(kind) {
        return usize::from(number.bits) / 8;
    }
    Composite::try_from(kind).expect("a field is a number, a struct or an array").size()
}

#[test]
fn every_field_stands_where_the_object_has_it() {
    let file = std::env::temp_dir().join(format!("pw-{}.bpf.o", std::process::id()));
    std::fs::write(&file, podwall_datapath::OBJECT).expect("a file");
    let btf = Btf::from_path(&file);
    std::fs::remove_file(&file).expect("it was just written");
    let btf = btf.expect("the object has BTF");
    for (name, size, fields) in abi::layouts() {
        let twin = btf.type_by_name::<Struct<'_>>(name).unwrap_or_else(|| panic!("no {name}"));
        assert_eq!(twin.size(), size, "the size of {name}");
        let whole = Composite::try_from(*twin).expect("a struct");
        let of_object: Vec<(String, usize, usize)> = whole
            .iter()
            .map(|member| {
                let field = member.name.expect("no field is nameless").to_string_lossy();
                let libbpf_rs::btf::types::MemberAttr::Normal { offset } = member.attr else {
                    panic!("no field is a part of a byte")
                };
                let kind = btf.type_by_id(member.ty).expect("the type is there");
                (field.into_owned(), offset as usize / 8, size_of_type(kind))
            })
            .collect();
        let ours: Vec<(String, usize, usize)> =
            fields.into_iter().map(|(name, at, size)| (name.to_owned(), at, size)).collect();
        assert_eq!(of_object, ours, "{name}");
    }
}

#[test]
fn reasons_are_those_of_the_model() {
    let listed = numbers("reason.h");
    let named: BTreeMap<String, u32> = Reason::ALL
        .iter()
        .map(|reason| {
            let mut name = String::new();
            for letter in format!("{reason:?}").chars() {
                if letter.is_uppercase() && !name.is_empty() {
                    name.push('_');
                }
                name.push(letter.to_ascii_uppercase());
            }
            (name, u32::from(*reason as u8))
        })
        .collect();
    assert_eq!(listed, named);
}

#[test]
fn numbers_mean_the_same_on_both_sides() {
    let ours = [
        ("PW_LAYOUT", abi::LAYOUT),
        ("PW_EGRESS", u32::from(abi::EGRESS)),
        ("PW_INGRESS", u32::from(abi::INGRESS)),
        ("PW_FORWARDED", Verdict::Forwarded as u32),
        ("PW_WOULD_DROP", Verdict::WouldDrop as u32),
        ("PW_DROPPED", Verdict::Dropped as u32),
        ("PW_WOULD_ALLOW", Verdict::WouldAllow as u32),
        ("PW_ALLOW", abi::ALLOW),
        ("PW_DENY", abi::DENY),
        ("PW_ACTION_SHIFT", abi::ACTION_SHIFT),
        ("PW_GENERATION_SHIFT", abi::GENERATION_SHIFT),
        ("PW_BOTH_SHIFT", abi::BOTH_SHIFT),
        ("PW_HOST", podwall_policy::table::IdentityNumber::HOST.0),
        ("PW_FIRST_HOST", podwall_policy::table::IdentityNumber::FIRST_HOST.0),
        ("PW_WORLD_V4", podwall_policy::table::IdentityNumber::WORLD_V4.0),
        ("PW_WORLD_V6", podwall_policy::table::IdentityNumber::WORLD_V6.0),
        ("PW_NAT_NONE", abi::NAT_NONE),
        ("PW_NAT_CAST", abi::NAT_CAST),
        ("PW_NAT_PROBE", abi::NAT_PROBE),
        ("PW_NOT_QUERY", u32::from(abi::NOT_QUERY)),
        ("PW_POD_ASKS", u32::from(abi::POD_ASKS)),
        ("PW_PEER_ASKS", u32::from(abi::PEER_ASKS)),
        ("PW_TICK_SHIFT", abi::TICK_SHIFT),
    ];
    let header = numbers("abi.h");
    for (name, number) in ours {
        assert_eq!(header.get(name), Some(&number), "{name}");
    }
}
