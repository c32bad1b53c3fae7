//! Reading MessagePack into a value, bounded in depth and number of values. Announced lengths cost nothing: a string or
//! bytes must be there in full, and lists grow as their items come.

use bytes::Bytes;

use crate::wire::limits::Limits;
use crate::wire::message::{MessageError, is_placeholder};
use crate::wire::value::{Budget, Value};

/// Reads the one value that `bytes` must be. The map of the packet is no level of `max_depth`.
pub(super) fn read(bytes: &[u8], limits: &Limits) -> Result<Value, MessageError> {
    let mut reader = Reader { rest: bytes, budget: Budget::new(limits.max_values) };
    let value = reader.value(limits.max_depth.saturating_add(1))?;
    if reader.rest.is_empty() { value.ok_or(MessageError::BadPayload) } else { Err(MessageError::BadPayload) }
}

struct Reader<'a> {
    rest: &'a [u8],
    budget: Budget,
}

impl<'a> Reader<'a> {
    /// Reads a value in which lists and maps may lie `levels` deep; `None` is JavaScript's `undefined`.
    fn value(&mut self, levels: usize) -> Result<Option<Value>, MessageError> {
        if !self.budget.spend() {
            return Err(MessageError::TooManyValues);
        }
        let marker = u8::from_be_bytes(self.array()?);
        Ok(Some(match marker {
            0x00..=0x7f => Value::Int(marker.into()),
            0x80..=0x8f => self.map(usize::from(marker & 0x0f), levels)?,
            0x90..=0x9f => self.list(usize::from(marker & 0x0f), levels)?,
            0xa0..=0xbf => self.string(usize::from(marker & 0x1f))?,
            0xc0 => Value::Null,
            0xc1 => return Err(MessageError::BadPayload),
            0xc2 => Value::Bool(false),
            0xc3 => Value::Bool(true),
            0xc4..=0xc6 => {
                let len = self.length(marker - 0xc4)?;
                self.binary(len, levels)?
            }
            0xc7..=0xc9 => {
                let len = self.length(marker - 0xc7)?;
                let tag = i8::from_be_bytes(self.array()?);
                self.extension(tag, len, levels)?
            }
            0xca => Value::Float(f32::from_be_bytes(self.array()?).into()),
            0xcb => Value::Float(f64::from_be_bytes(self.array()?)),
            0xcc => Value::Int(u8::from_be_bytes(self.array()?).into()),
            0xcd => Value::Int(u16::from_be_bytes(self.array()?).into()),
            0xce => Value::Int(u32::from_be_bytes(self.array()?).into()),
            0xcf => u64::from_be_bytes(self.array()?).into(),
            0xd0 => Value::Int(i8::from_be_bytes(self.array()?).into()),
            0xd1 => Value::Int(i16::from_be_bytes(self.array()?).into()),
            0xd2 => Value::Int(i32::from_be_bytes(self.array()?).into()),
            0xd3 => Value::Int(i64::from_be_bytes(self.array()?)),
            0xd4..=0xd8 => return self.fixed_extension(1 << (marker - 0xd4), levels),
            0xd9..=0xdb => {
                let len = self.length(marker - 0xd9)?;
                self.string(len)?
            }
            0xdc | 0xdd => {
                let len = self.length(marker - 0xdc + 1)?;
                self.list(len, levels)?
            }
            0xde | 0xdf => {
                let len = self.length(marker - 0xde + 1)?;
                self.map(len, levels)?
            }
            0xe0..=0xff => Value::Int(i8::from_be_bytes([marker]).into()),
        }))
    }

    fn list(&mut self, len: usize, levels: usize) -> Result<Value, MessageError> {
        let levels = levels.checked_sub(1).ok_or(MessageError::TooDeep)?;
        let mut items = Vec::new();
        for _ in 0..len {
            items.push(self.value(levels)?.unwrap_or_default());
        }
        Ok(Value::Array(items))
    }

    /// Reads a map. A member that is `undefined` is left out, as JSON leaves it out. What a JSON client would take for a
    /// placeholder is refused: passed on next to bytes, it would break that client's connection.
    fn map(&mut self, len: usize, levels: usize) -> Result<Value, MessageError> {
        let levels = levels.checked_sub(1).ok_or(MessageError::TooDeep)?;
        let mut members = Vec::new();
        for _ in 0..len {
            let Some(Value::String(key)) = self.value(0)? else { return Err(MessageError::BadPayload) };
            if let Some(value) = self.value(levels)? {
                members.push((key, value));
            }
        }
        let object = Value::Object(members);
        if is_placeholder(&object) { Err(MessageError::BadPlaceholder) } else { Ok(object) }
    }

    /// Reads bytes. They take a level, because in JSON an object stands for them.
    fn binary(&mut self, len: usize, levels: usize) -> Result<Value, MessageError> {
        levels.checked_sub(1).ok_or(MessageError::TooDeep)?;
        Ok(Value::Binary(Bytes::copy_from_slice(self.take(len)?)))
    }

    fn string(&mut self, len: usize) -> Result<Value, MessageError> {
        let text = simdutf8::basic::from_utf8(self.take(len)?).map_err(|_| MessageError::BadPayload)?;
        Ok(Value::String(text.to_owned()))
    }

    /// Reads an extension: type 0 is an array buffer, any other becomes the pair that the JavaScript decoder makes of it.
    fn extension(&mut self, tag: i8, len: usize, levels: usize) -> Result<Value, MessageError> {
        if tag == 0 {
            return self.binary(len, levels);
        }
        // The pair is a list like any other: it takes a level, and its two items count.
        let levels = levels.checked_sub(1).ok_or(MessageError::TooDeep)?;
        let data = self.binary(len, levels)?;
        let is_within_budget = self.budget.spend() && self.budget.spend();
        if !is_within_budget {
            return Err(MessageError::TooManyValues);
        }
        Ok(Value::Array(vec![Value::Int(tag.into()), data]))
    }

    /// Reads an extension of a fixed length. The JavaScript encoder uses two: one byte for `undefined`, eight for a date.
    fn fixed_extension(&mut self, len: usize, levels: usize) -> Result<Option<Value>, MessageError> {
        let tag = i8::from_be_bytes(self.array()?);
        match (tag, len) {
            (0, 1) => self.take(1).map(|_| None),
            (0, 8) => Ok(Some(date(i64::from_be_bytes(self.array()?)))),
            _ => self.extension(tag, len, levels).map(Some),
        }
    }

    /// Reads a length of one, two or four bytes.
    fn length(&mut self, log2_bytes: u8) -> Result<usize, MessageError> {
        Ok(match log2_bytes {
            0 => usize::from(u8::from_be_bytes(self.array()?)),
            1 => usize::from(u16::from_be_bytes(self.array()?)),
            _ => usize::try_from(u32::from_be_bytes(self.array()?)).map_err(|_| MessageError::BadPayload)?,
        })
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], MessageError> {
        let (array, rest) = self.rest.split_first_chunk().ok_or(MessageError::BadPayload)?;
        self.rest = rest;
        Ok(*array)
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8], MessageError> {
        let (taken, rest) = self.rest.split_at_checked(len).ok_or(MessageError::BadPayload)?;
        self.rest = rest;
        Ok(taken)
    }
}

/// Returns a date as JSON has it: its ISO text, or null where JavaScript has no such date.
fn date(millis: i64) -> Value {
    const MAX_MILLIS: i64 = 8_640_000_000_000_000;
    const DAY: i64 = 86_400_000;
    if millis.abs_diff(0) > MAX_MILLIS.unsigned_abs() {
        return Value::Null;
    }
    let (year, month, day) = civil(millis.div_euclid(DAY));
    let time = millis.rem_euclid(DAY);
    let (hours, minutes, seconds, millis) = (time / 3_600_000, time / 60_000 % 60, time / 1000 % 60, time % 1000);
    let year = match year {
        0..=9999 => format!("{year:04}"),
        _ => format!("{year:+07}"),
    };
    Value::String(format!("{year}-{month:02}-{day:02}T{hours:02}:{minutes:02}:{seconds:02}.{millis:03}Z"))
}

/// Returns year, month and day of a day counted from 1970-01-01, in the Gregorian calendar. Years are counted from March,
/// so that the leap day is their last; 400 of them are an era of always the same length.
fn civil(days_since_1970: i64) -> (i64, i64, i64) {
    const DAYS_FROM_0000_03_01: i64 = 719_468;
    const ERA: i64 = 146_097;
    let days = days_since_1970 + DAYS_FROM_0000_03_01;
    let day_of_era = days.rem_euclid(ERA);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = days.div_euclid(ERA) * 400 + year_of_era + i64::from(month <= 2);
    (year, month, day)
}
