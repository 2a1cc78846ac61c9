//! What was measured: one line per budget.

/// The lines, in the order measured.
#[derive(Default)]
pub(crate) struct Table {
    rows: Vec<Row>,
}

struct Row {
    name: String,
    ratio: f64,
    bound: f64,
    /// The figures behind the ratio, for people.
    figures: String,
}

impl Row {
    fn is_over(&self) -> bool {
        // A ratio that is no number was not measured, and is not within anything.
        self.ratio.is_nan() || self.ratio > self.bound
    }
}

impl Table {
    /// Adds a budget: `ratio` is to be at most `bound`.
    pub(crate) fn add(&mut self, name: impl Into<String>, ratio: f64, bound: f64, figures: String) {
        self.rows.push(Row {
            name: name.into(),
            ratio,
            bound,
            figures,
        });
    }

    /// Whether one is over its bound.
    pub(crate) fn is_over(&self) -> bool {
        self.rows.iter().any(Row::is_over)
    }

    /// The figures first, the table last.
    #[expect(clippy::print_stdout, reason = "this is what a benchmark is for")]
    pub(crate) fn print(&self) {
        for row in &self.rows {
            println!("{}: {}", row.name, row.figures);
        }
        println!("\n{:<44} {:>8} {:>8}", "name", "ratio", "bound");
        for row in &self.rows {
            let word = if row.is_over() { "OVER" } else { "ok" };
            println!(
                "{:<44} {:>8.2} {:>8.2}  {word}",
                row.name, row.ratio, row.bound
            );
        }
    }
}
