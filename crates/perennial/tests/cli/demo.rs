//! The simulated shop and the demo.

use crate::workbench::Workbench;

#[test]
fn the_demo_values_a_shop_and_checks_it_against_the_truth() {
    let bench = Workbench::new();
    let run = bench.run("demo --customers 1500 --seed 3 --dir shop --format json").good();
    let output = run.json();
    assert_eq!(output["files"]["report"], "shop/report.html");
    assert!(bench.has("shop/report.html") && bench.has("shop/values.csv") && bench.has("shop/orders.csv"));
    let checks = output["truth"].as_array().unwrap();
    assert_eq!(checks.len(), 2);
    for check in checks {
        let coverage = check["coverage"].as_f64().unwrap();
        assert!((0.6..=1.0).contains(&coverage), "an 80 % interval held for {coverage}");
        let (predicted, actual) =
            (check["predicted_total"].as_f64().unwrap(), check["actual_total"].as_f64().unwrap());
        assert!((predicted / actual - 1.0).abs() < 0.35, "{check}");
    }
    let quality = &output["reading"]["quality"];
    for (kind, counted) in
        [("guest", &quality["refused"]["no_customer"]), ("future_date", &quality["refused"]["future_date"])]
    {
        assert_eq!(&output["dirty"][kind], counted, "{kind} in {quality}");
    }
}

#[test]
fn the_demo_says_where_the_report_lies() {
    let bench = Workbench::new();
    let run = bench.run("demo --customers 1000 --dir shop").good();
    for part in ["Against the truth", "shop/report.html", "Dirty rows"] {
        assert!(run.stdout.contains(part), "{part:?} is missing in:\n{}", run.stdout);
    }
    assert!(run.stdout.lines().all(|line| line.chars().count() <= 80), "{}", run.stdout);
}

#[test]
fn equal_seeds_simulate_equal_shops() {
    let bench = Workbench::new();
    bench.run("simulate one --customers 200 --seed 7").good();
    bench.run("simulate two --customers 200 --seed 7").good();
    bench.run("simulate three --customers 200 --seed 8").good();
    assert_eq!(bench.read("one/orders.csv"), bench.read("two/orders.csv"));
    assert_ne!(bench.read("one/orders.csv"), bench.read("three/orders.csv"));
}

#[test]
fn simulated_tables_are_valued_in_either_format() {
    let bench = Workbench::new();
    for format in ["csv", "parquet"] {
        bench.run(&format!("simulate {format} --customers 400 --seed 7 --format {format}")).good();
        let run = bench.run(&format!("value {format}/orders.{format} --model bg-nbd --format json")).good();
        assert!(run.json()["valuation"]["totals"]["customers"].as_u64().unwrap() > 350);
    }
}
