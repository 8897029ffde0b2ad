//! The README's code compiles, and its tables are whole.

#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

#[cfg(test)]
mod tests {
    const README: &str = include_str!("../../README.md");

    #[test]
    fn every_row_of_every_table_has_all_its_cells_and_none_is_empty() {
        let mut columns = None;
        let mut rows = 0;
        for line in README.lines() {
            let Some(cells) = line.strip_prefix("| ").and_then(|line| line.strip_suffix(" |"))
            else {
                columns = None;
                continue;
            };
            let cells: Vec<_> = cells.split(" | ").collect();
            assert_eq!(cells.len(), *columns.get_or_insert(cells.len()), "{line}");
            assert!(cells.iter().all(|cell| !cell.trim().is_empty()), "{line}");
            rows += 1;
        }
        assert!(rows > 60, "only {rows} rows were recognised");
    }
}
