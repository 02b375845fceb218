# Targets over the whole tree: run, test, lint, sanitizers, fuzzing, benches, installation.

CONFORM := $(patsubst tests/conform/%.c,$(B)/tests/conform/%,$(wildcard tests/conform/test_*.c))
$(B)/tests/conform/%: $(B)/tests/conform/%.o $(foreach f,$(FOLDERS),$(call lib_of,$(f))) $(SUPPORT)
	$(Q)$(CC) $(LDFLAGS) -o $@ $< $(SUPPORT) -Wl,--start-group $(foreach f,$(FOLDERS),$(call lib_of,$(f))) -Wl,--end-group $(LDLIBS) -lcmocka -lvterm

# Ends: the program as a whole, from shell scripts and, on a pty, from C.
E2E := $(sort $(wildcard tests/e2e/*.sh))
SESSIONS := $(patsubst tests/e2e/%.c,$(B)/tests/e2e/%,$(wildcard tests/e2e/test_*.c))
$(B)/tests/e2e/%: $(B)/tests/e2e/%.o $(foreach l,$(LIBS_store),$(call lib_of,$(l))) $(SUPPORT)
	$(Q)$(CC) $(LDFLAGS) -o $@ $< $(SUPPORT) -Wl,--start-group $(foreach l,$(LIBS_store),$(call lib_of,$(l))) -Wl,--end-group $(LDLIBS) -lcmocka -lvterm

.PHONY: run
run: deps ## build and open the workbench on the demo (headless without a terminal)
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) gusto
	$(Q)./gusto demo

.PHONY: test
test: deps ## everything that must hold, without network or terminal
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) gusto build-tests
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) VARIANT=f64 build-f64
	$(Q)$(MAKE) --no-print-directory check

.PHONY: build-tests build-f64
build-tests: gusto $(UNIT_TESTS) $(filter-out %/test_op_gradients,$(CONFORM)) $(SESSIONS) fuzz-replays
build-f64: $(TESTS_graph) $(TESTS_nn) $(B)/tests/conform/test_op_gradients

B64 := $(patsubst build/$(VARIANT)%,build/f64%,$(B))
F64 := $(subst $(B)/,$(B64)/,$(TESTS_graph) $(TESTS_nn)) $(B64)/tests/conform/test_op_gradients
.PHONY: check
check: ## run what `make test` built
	$(Q)BUILD=$(B) bash tools/run-tests.sh tools/lint-includes.sh tools/lint-text.sh $(UNIT_TESTS) $(filter-out %/test_op_gradients,$(CONFORM)) $(F64) $(SESSIONS) $(E2E) $(FUZZ_CHECKS)

# Published numbers that take minutes to hours: tests/slow/*.sh, not part of `make test`.
SLOW := $(sort $(wildcard tests/slow/*.sh))
.PHONY: test-slow
test-slow: gusto ## experiments at their published numbers (reads GUSTO_DATA); SLOW=tests/slow/x.sh for some of them
	$(Q)TEST_SECONDS=14400 bash tools/run-tests.sh $(SLOW)

# Fuzz targets: with clang's libFuzzer for `make fuzz`; with a plain loop over the stored corpus in `make test`.
FUZZ := $(basename $(notdir $(wildcard tests/fuzz/fuzz_*.c)))
FUZZ_CHECKS := $(patsubst %,tests/fuzz/%.check,$(FUZZ))
.PHONY: fuzz-replays fuzz
fuzz-replays: $(patsubst %,$(B)/tests/fuzz/%,$(FUZZ))
$(B)/tests/fuzz/fuzz_%: $(B)/tests/fuzz/fuzz_%.o $(B)/tests/fuzz/replay.o $(foreach f,$(FOLDERS),$(call lib_of,$(f)))
	$(Q)$(CC) $(LDFLAGS) -o $@ $< $(B)/tests/fuzz/replay.o -Wl,--start-group $(foreach f,$(FOLDERS),$(call lib_of,$(f))) -Wl,--end-group $(LDLIBS)
$(B)/fuzzers/%: $(B)/tests/fuzz/%.o $(foreach f,$(FOLDERS),$(call lib_of,$(f)))
	@mkdir -p $(@D)
	$(Q)$(CC) -fsanitize=fuzzer,address,undefined -o $@ $< -Wl,--start-group $(foreach f,$(FOLDERS),$(call lib_of,$(f))) -Wl,--end-group $(LDLIBS) -lgomp
.PHONY: fuzzers
fuzzers: $(patsubst %,$(B)/fuzzers/%,$(FUZZ))
FUZZ_SECONDS ?= 60
fuzz: ## libFuzzer over every target, FUZZ_SECONDS each (needs clang and libclang-rt-14-dev)
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) VARIANT=fuzz CC=clang fuzzers
	$(Q)bash tools/fuzz.sh $(FUZZ_SECONDS) $(FUZZ)

ASAN64 := build/asan64/tests/conform/test_op_gradients
# All tests of these folders but those that train models to a target, which takes hours here; `make asan` runs them.
VALGRIND_FOLDERS := base tensor graph nn data eval rl explain store run script
VALGRIND_NOT := %/test_agent %/test_autoencoders %/test_click_models %/test_conv_models %/test_models_recurrent
VALGRIND := $(filter-out $(VALGRIND_NOT),$(foreach f,$(VALGRIND_FOLDERS),$(TESTS_$(f))))
.PHONY: asan tsan valgrind
asan: ## the test suite under AddressSanitizer and UBSan
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) VARIANT=asan build/asan/gusto build-asan
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) VARIANT=asan64 $(ASAN64)
	$(Q)TEST_SECONDS=3600 ASAN_OPTIONS=detect_leaks=1 GUSTO_BIN=build/asan/gusto $(MAKE) --no-print-directory VARIANT=asan check-built
tsan: ## the engine's workers and the suites with threads of their own under ThreadSanitizer
	$(Q)OMP_NUM_THREADS=1 $(MAKE) --no-print-directory VARIANT=tsan check-base check-graph check-nn check-data check-store check-tui
valgrind: ## the tests below run/ and script/ under valgrind, but those that train for long
	$(Q)$(MAKE) --no-print-directory VARIANT=valgrind build-valgrind
	$(Q)bash tools/valgrind.sh $(subst $(B)/,build/valgrind/,$(VALGRIND))
.PHONY: build-asan build-valgrind check-built
build-asan: $(UNIT_TESTS) $(filter-out %/test_op_gradients,$(CONFORM)) $(SESSIONS) fuzz-replays
build-valgrind: $(VALGRIND)
check-built:
	$(Q)BUILD=$(B) bash tools/run-tests.sh $(UNIT_TESTS) $(ASAN64) $(filter-out %/test_op_gradients,$(CONFORM)) $(SESSIONS) $(E2E) $(FUZZ_CHECKS)

.PHONY: bench
bench: gusto ## time the engine's workloads
	$(Q)./gusto bench

BENCHES := $(patsubst tests/bench/%.c,$(B)/tests/bench/%,$(wildcard tests/bench/bench_*.c))
$(B)/tests/bench/%: $(B)/tests/bench/%.o $(foreach f,$(FOLDERS),$(call lib_of,$(f)))
	$(Q)$(CC) $(LDFLAGS) -o $@ $< -Wl,--start-group $(foreach f,$(FOLDERS),$(call lib_of,$(f))) -Wl,--end-group $(LDLIBS)
.PHONY: micro-bench
micro-bench: $(BENCHES) ## build the micro benchmarks of single ops and the store

.PHONY: lint format
lint: ## include rule, clang-format, clang-tidy, cppcheck, luacheck
	$(Q)bash tools/lint.sh
format: ## clang-format in place
	$(Q)clang-format -i $(shell git ls-files 'src/*.[ch]' 'tests/*.[ch]' ':!tests/reference')

.PHONY: install
install: gusto ## PREFIX=/usr/local
	install -Dm755 gusto $(DESTDIR)$(PREFIX)/bin/gusto
	install -d $(DESTDIR)$(PREFIX)/share/gusto/experiments $(DESTDIR)$(PREFIX)/share/gusto/datasets
	install -m644 experiments/*.lua $(DESTDIR)$(PREFIX)/share/gusto/experiments
	install -m644 datasets/*.lua $(DESTDIR)$(PREFIX)/share/gusto/datasets

.PHONY: help
help: ## this list
	@grep -hE '^[a-z-]+( [a-z-]+)*:.*## ' Makefile tests/targets.mk | sed 's/:.*## /\t/' | awk -F'\t' '{printf "  make %-12s %s\n", $$1, $$2}'
	@echo "  make check-<folder> [VARIANT=release|f64|asan|tsan]   the tests of one folder of src/"
