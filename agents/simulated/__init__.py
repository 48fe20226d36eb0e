"""An invented ISP that is alive on loopback addresses: for the demo, the tests and the benchmarks."""
