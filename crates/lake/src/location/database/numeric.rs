//! PostgreSQL's binary form of exact numbers.

/// Why a number cannot be taken.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unusable {
    /// NaN or infinity.
    NoNumber,
    /// More digits than there is room for, or a damaged form.
    TooLong,
}

const NEGATIVE: u16 = 0x4000;
const SPECIAL: u16 = 0xc000;

/// The number in units of 10^-scale: groups of four decimal digits, the first of which has `weight` groups after it and
/// before the point.
pub(super) fn units(bytes: &[u8], scale: i8) -> Result<i128, Unusable> {
    let word = |place: usize| {
        let pair = bytes.get(2 * place..2 * place + 2).and_then(|pair| <[u8; 2]>::try_from(pair).ok());
        pair.map(u16::from_be_bytes).ok_or(Unusable::TooLong)
    };
    let (groups, weight, sign) = (word(0)?, word(1)?.cast_signed(), word(2)?);
    if sign & SPECIAL == SPECIAL {
        return Err(Unusable::NoNumber);
    }
    let mut units: i128 = 0;
    for group in 0..groups {
        let digits = i128::from(word(4 + usize::from(group))?);
        let exponent = 4 * (i32::from(weight) - i32::from(group)) + i32::from(scale);
        units = units
            .checked_add(shifted(digits, exponent).ok_or(Unusable::TooLong)?)
            .ok_or(Unusable::TooLong)?;
    }
    Ok(if sign == NEGATIVE { -units } else { units })
}

/// Digits times a power of ten; nothing when that is no whole number or too large.
fn shifted(digits: i128, exponent: i32) -> Option<i128> {
    let power = 10_i128.checked_pow(exponent.unsigned_abs());
    match (power, exponent >= 0) {
        (Some(power), true) => digits.checked_mul(power),
        (Some(power), false) => (digits % power == 0).then_some(digits / power),
        (None, _) => (digits == 0).then_some(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(weight: i16, sign: u16, groups: &[u16]) -> Vec<u8> {
        let head = [u16::try_from(groups.len()).unwrap(), weight.cast_unsigned(), sign, 2];
        head.iter().chain(groups).flat_map(|word| word.to_be_bytes()).collect()
    }

    #[test]
    fn groups_of_four_digits() {
        // 12345.67 is 1, 2345, 6700 with one group after the first before the point.
        assert_eq!(units(&number(1, 0, &[1, 2345, 6700]), 2), Ok(1_234_567));
        assert_eq!(units(&number(1, NEGATIVE, &[1, 2345, 6700]), 3), Ok(-12_345_670));
        assert_eq!(units(&number(-1, 0, &[500]), 2), Ok(5));
        assert_eq!(units(&number(0, 0, &[]), 2), Ok(0));
        assert_eq!(units(&number(2, 0, &[7]), 0), Ok(700_000_000));
    }

    #[test]
    fn what_does_not_fit_is_no_number() {
        assert_eq!(units(&number(-1, 0, &[1]), 2), Err(Unusable::TooLong));
        assert_eq!(units(&number(0, 0xc000, &[]), 2), Err(Unusable::NoNumber));
        assert_eq!(units(&number(30, 0, &[1]), 2), Err(Unusable::TooLong));
        assert_eq!(units(&[0, 1], 2), Err(Unusable::TooLong));
    }
}
