"""What tests, benchmarks and `make up` stand on; in no wheel and in no image."""
