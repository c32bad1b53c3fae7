//! The header of one array: `{'descr': '<f4', 'fortran_order': False, 'shape': (5400,), }` after a few bytes.
//!
//! It is a Python literal, of which numpy writes this one form. Anything else is refused.

use super::archive::Entry;
use super::{MAX_HEADER_BYTES, Unreadable};

/// How an array begins; its version follows.
const MAGIC: &[u8; 6] = b"\x93NUMPY";

/// What is in an array.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The type of an element.
    pub dtype: Dtype,
    /// The lengths of the dimensions.
    pub shape: Vec<u64>,
}

/// The type of an element, in numpy's letters: `<f4` is a float of four bytes, the lowest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dtype {
    /// Whether the highest byte is the first.
    pub is_big_endian: bool,
    /// `b` truth value, `i` and `u` integers, `f` float, `S` bytes, `U` text, and more that make no sense here.
    pub kind: char,
    /// Bytes of an element; of a `U` characters of four bytes each.
    pub size: u64,
}

impl Header {
    /// Reads the header at the beginning of an entry.
    ///
    /// # Errors
    /// There is none, or not the form that numpy writes, or the array has Python objects.
    pub fn read(entry: &mut Entry<'_>) -> Result<Self, Unreadable> {
        let name = entry.name;
        let mut prefix = [0; MAGIC.len() + 2];
        if entry.size_bytes < prefix.len() as u64 {
            return Err(Unreadable::NotAnArray(name));
        }
        entry.fill(&mut prefix)?;
        let [magic @ .., major, _] = prefix;
        if magic != *MAGIC {
            return Err(Unreadable::NotAnArray(name));
        }
        let length = match major {
            1 => {
                let mut length = [0; 2];
                entry.fill(&mut length)?;
                u16::from_le_bytes(length).into()
            }
            2 | 3 => {
                let mut length = [0; 4];
                entry.fill(&mut length)?;
                u32::from_le_bytes(length)
            }
            other => return Err(Unreadable::Version(name, other)),
        };
        if length > MAX_HEADER_BYTES {
            return Err(Unreadable::Header(name, "it is too long"));
        }
        let mut text = vec![0; length as usize];
        entry.fill(&mut text)?;
        let text = str::from_utf8(&text).map_err(|_| Unreadable::Header(name, "it is no text"))?;
        Self::parse(name, text)
    }

    /// Reads the literal.
    fn parse(name: &'static str, text: &str) -> Result<Self, Unreadable> {
        let mut literal = Literal(text);
        let (mut descr, mut shape) = (None, None);
        literal.expect(name, "{")?;
        while !literal.take("}") {
            let key = literal.text().ok_or(Unreadable::Header(name, "a key is no text"))?;
            literal.expect(name, ":")?;
            match key {
                "descr" if literal.is_next("[") => return Err(record(name, text)),
                "descr" => descr = Some(literal.text().ok_or(Unreadable::Header(name, "`descr` is no text"))?),
                // One dimension has no order.
                "fortran_order" if literal.take("True") || literal.take("False") => {}
                "shape" => shape = Some(literal.numbers().ok_or(Unreadable::Header(name, "`shape` is no list of numbers"))?),
                _ => return Err(Unreadable::Header(name, "it has another key or value than numpy writes")),
            }
            if !literal.take(",") && !literal.is_next("}") {
                return Err(Unreadable::Header(name, "a comma is missing"));
            }
        }
        if !literal.0.trim_ascii().is_empty() {
            return Err(Unreadable::Header(name, "something follows it"));
        }
        let descr = descr.ok_or(Unreadable::Header(name, "`descr` is missing"))?;
        let shape = shape.ok_or(Unreadable::Header(name, "`shape` is missing"))?;
        Ok(Self { dtype: Dtype::parse(name, descr)?, shape })
    }

    /// Returns the shape as numpy writes it.
    #[must_use]
    pub fn shape_text(&self) -> String {
        match self.shape.as_slice() {
            [one] => format!("({one},)"),
            many => format!("({})", many.iter().map(u64::to_string).collect::<Vec<_>>().join(", ")),
        }
    }
}

/// Refuses an array of records; if any of their fields is an object, for that.
fn record(name: &'static str, text: &str) -> Unreadable {
    let has_objects = ["'|O'", "'O'", "'|O8'", "\"|O\""].iter().any(|object| text.contains(object));
    if has_objects { Unreadable::Pickled(name) } else { Unreadable::Dtype(name, "record".to_owned()) }
}

impl Dtype {
    fn parse(name: &'static str, descr: &str) -> Result<Self, Unreadable> {
        let odd = || Unreadable::Dtype(name, descr.chars().take(20).flat_map(char::escape_debug).collect());
        let (order, rest) = descr.split_at_checked(1).ok_or_else(odd)?;
        let kind = rest.chars().next().ok_or_else(odd)?;
        if !matches!(order, "<" | ">" | "|" | "=") {
            return Err(odd());
        }
        if kind == 'O' {
            return Err(Unreadable::Pickled(name));
        }
        let size = rest.get(kind.len_utf8()..).and_then(number).ok_or_else(odd)?;
        Ok(Self { is_big_endian: order == ">", kind, size })
    }
}

impl std::fmt::Display for Dtype {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let order = if self.is_big_endian { ">" } else { "" };
        write!(out, "{order}{}{}", self.kind.escape_debug(), self.size)
    }
}

/// What is left of the literal.
struct Literal<'t>(&'t str);

impl<'t> Literal<'t> {
    fn is_next(&self, token: &str) -> bool {
        self.0.trim_ascii_start().starts_with(token)
    }

    /// Takes a token, if it is the next.
    fn take(&mut self, token: &str) -> bool {
        let rest = self.0.trim_ascii_start().strip_prefix(token);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    fn expect(&mut self, name: &'static str, token: &'static str) -> Result<(), Unreadable> {
        if self.take(token) { Ok(()) } else { Err(Unreadable::Header(name, "it is no dictionary")) }
    }

    /// Takes a text in quotes; numpy writes none that needs an escape.
    fn text(&mut self) -> Option<&'t str> {
        let quote = ['\'', '"'].into_iter().find(|quote| self.is_next(quote.encode_utf8(&mut [0; 4])))?;
        let (text, rest) = self.0.trim_ascii_start().strip_prefix(quote)?.split_once(quote)?;
        self.0 = rest;
        Some(text)
    }

    /// Takes a tuple of numbers.
    fn numbers(&mut self) -> Option<Vec<u64>> {
        let (numbers, rest) = self.0.trim_ascii_start().strip_prefix('(')?.split_once(')')?;
        self.0 = rest;
        let numbers = numbers.trim_ascii();
        if numbers.is_empty() {
            return Some(Vec::new());
        }
        numbers.strip_suffix(',').unwrap_or(numbers).split(',').map(|digits| number(digits.trim_ascii())).collect()
    }
}

fn number(digits: &str) -> Option<u64> {
    let is_digits = !digits.is_empty() && digits.bytes().all(|one| one.is_ascii_digit());
    if is_digits { digits.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> Result<(String, String), String> {
        let header = Header::parse("a", text).map_err(|error| error.to_string())?;
        Ok((header.dtype.to_string(), header.shape_text()))
    }

    #[test]
    fn headers_as_numpy_writes_them_are_read() {
        let check =
            |text: &str, dtype: &str, shape: &str| assert_eq!(parse(text), Ok((dtype.to_owned(), shape.to_owned())), "{text}");
        check("{'descr': '<f4', 'fortran_order': False, 'shape': (5400,), }          \n", "f4", "(5400,)");
        check("{'descr': '>f8', 'fortran_order': True, 'shape': (2, 3), }\n", ">f8", "(2, 3)");
        check("{'descr': '<U12', 'fortran_order': False, 'shape': (), }\n", "U12", "()");
        check("{\"shape\":(1,),\"descr\":\"|S77\",\"fortran_order\":False}", "S77", "(1,)");
        check(
            "{'descr': '|b1', 'fortran_order': False, 'shape': (18446744073709551615, 18446744073709551615)}",
            "b1",
            "(18446744073709551615, 18446744073709551615)",
        );
    }

    #[test]
    fn other_headers_are_refused_by_their_own_text() {
        let check = |text: &str, expected: &str| assert_eq!(parse(text), Err(expected.to_owned()), "{text}");
        check("", "`a` has a header that cannot be read: it is no dictionary");
        check("{", "`a` has a header that cannot be read: a key is no text");
        check("{}", "`a` has a header that cannot be read: `descr` is missing");
        check("{'descr': '<f4'}", "`a` has a header that cannot be read: `shape` is missing");
        check("{'descr' '<f4'}", "`a` has a header that cannot be read: it is no dictionary");
        check("{'descr': 4}", "`a` has a header that cannot be read: `descr` is no text");
        check("{'descr': '<f4' 'shape': ()}", "`a` has a header that cannot be read: a comma is missing");
        check("{'descr': '<f4', 'shape': (-1,)}", "`a` has a header that cannot be read: `shape` is no list of numbers");
        check(
            "{'descr': '<f4', 'shape': (99999999999999999999,)}",
            "`a` has a header that cannot be read: `shape` is no list of numbers",
        );
        check("{'descr': '<f4', 'shape': [1]}", "`a` has a header that cannot be read: `shape` is no list of numbers");
        check(
            "{'descr': '<f4', 'shape': (), 'x': 1}",
            "`a` has a header that cannot be read: it has another key or value than numpy writes",
        );
        check("{'fortran_order': 0}", "`a` has a header that cannot be read: it has another key or value than numpy writes");
        check("{'descr': '<f4', 'shape': ()} x", "`a` has a header that cannot be read: something follows it");
        check("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", "`a` has pickled objects");
        check("{'descr': [('x', '|O')], 'shape': (1,), }", "`a` has pickled objects");
        check("{'descr': [('x', '<f4')], 'shape': (1,), }", "`a` has elements of the type record");
        check("{'descr': 'f4', 'shape': ()}", "`a` has elements of the type f4");
        check("{'descr': '<f', 'shape': ()}", "`a` has elements of the type <f");
        check("{'descr': '', 'shape': ()}", "`a` has elements of the type ");
        check("{'descr': '<é\u{7}4x', 'shape': ()}", "`a` has elements of the type <é\\u{7}4x");
    }

    #[test]
    fn nesting_is_not_followed() {
        assert!(parse(&"{".repeat(4096)).is_err());
        assert!(parse(&format!("{{'shape': {}", "(".repeat(4000))).is_err());
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[{}'\":, a-z()0-9<|\\[é]{0,80}") {
            let _ = parse(&text);
        }
    }
}
