//! Numbers with their nouns, as a person would write them.

/// `1 change`, `2 changes`, `3 factors`; the noun takes a plain `s`.
#[must_use]
pub fn count(number: usize, one: &str) -> String {
    if number == 1 {
        format!("1 {one}")
    } else {
        format!("{number} {one}s")
    }
}

/// The same with what it does: `1 factor is`, `2 factors are`.
#[must_use]
pub fn count_and(number: usize, one: &str, (does, many_do): (&str, &str)) -> String {
    let verb = if number == 1 { does } else { many_do };
    format!("{} {verb}", count(number, one))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_singular_and_everything_else_is_plural() {
        let said = [0, 1, 2].map(|number| count(number, "factor"));
        assert_eq!(said, ["0 factors", "1 factor", "2 factors"]);
        let said = [1, 2].map(|number| count_and(number, "record", ("verifies", "verify")));
        assert_eq!(said, ["1 record verifies", "2 records verify"]);
    }
}
