//! Reading and printing all YAML of `fixtures/homelab`, beside serde_yaml, in bytes of text a second.

use std::hint::black_box;

use anyhow::Context as _;
use criterion::{Criterion, Throughput};
use serde::Deserialize as _;
use serde_json::Value;
use windlass_benches::homelab;
use windlass_yaml::{ReadOptions, print_documents, read_documents};

fn main() -> anyhow::Result<()> {
    let texts = homelab::yaml()?;
    let options = ReadOptions::resource();
    let read = |text: &String| anyhow::Ok(read_documents(text, &options)?.into_iter().map(|document| document.value));
    let mut values: Vec<Value> = Vec::new();
    for text in &texts {
        values.extend(read(text)?);
        serde_yaml_read(text).context("serde_yaml reads the same files")?;
    }

    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("read");
    group.throughput(Throughput::Bytes(texts.iter().map(String::len).sum::<usize>() as u64));
    group.bench_function("windlass-yaml", |bencher| {
        bencher.iter(|| {
            texts.iter().map(|text| black_box(read_documents(text, &options)).map_or(0, |it| it.len())).sum::<usize>()
        });
    });
    group.bench_function("serde_yaml", |bencher| {
        bencher
            .iter(|| texts.iter().map(|text| black_box(serde_yaml_read(text)).map_or(0, |it| it.len())).sum::<usize>());
    });
    group.finish();

    let mut group = criterion.benchmark_group("print");
    group.throughput(Throughput::Bytes(print_documents(&values).len() as u64));
    group.bench_function("windlass-yaml", |bencher| bencher.iter(|| print_documents(black_box(&values))));
    group.bench_function("serde_yaml", |bencher| bencher.iter(|| serde_yaml_print(black_box(&values))));
    group.finish();
    criterion.final_summary();
    Ok(())
}

fn serde_yaml_read(text: &str) -> Result<Vec<Value>, serde_yaml::Error> {
    serde_yaml::Deserializer::from_str(text).map(Value::deserialize).collect()
}

fn serde_yaml_print(values: &[Value]) -> Vec<String> {
    values.iter().filter_map(|value| serde_yaml::to_string(value).ok()).collect()
}
