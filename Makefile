# gusto: `make help` lists the targets.
#
#   variants  build/<variant>/...   release (default), f64 (real = double, for gradient checks), asan, tsan, debug; PORTABLE=1
#             (x86-64-v3 instead of this machine) has folders of its own
#   folders   each folder of src/ becomes one static library; a test links only what its folder may include

CC       ?= gcc
VARIANT  ?= release
PORTABLE ?=
V        ?=
PREFIX   ?= /usr/local
Q        := $(if $(V),,@)
SHELL    := /bin/bash

PACKAGES := build-essential pkg-config libncurses-dev libopenblas-openmp-dev liblapacke-dev liblua5.4-dev \
            libsqlite3-dev libjansson-dev libcmocka-dev libvterm-dev libcairo2-dev libarchive-dev libssl-dev
PKGS     := lua5.4 ncursesw sqlite3 jansson cairo libarchive libcrypto

ARCH     := $(if $(PORTABLE),-march=x86-64-v3,-march=native)
# psabi: vectors wider than the registers are passed between inlined functions only.
WARN     := -std=c11 -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wstrict-prototypes \
            -Wmissing-prototypes -Wvla -Wno-unused-parameter -Wno-missing-field-initializers -Wno-psabi -Werror
# No errno from libm and no traps, so that loops vectorise; NaN and infinity keep their meaning.
MATH     := -fno-math-errno -fno-trapping-math -ffp-contract=fast
BASEOPT  := -O3 $(ARCH) $(MATH) -g -fno-omit-frame-pointer
OPT_release := $(BASEOPT)
OPT_f64  := -O2 $(ARCH) $(MATH) -g -DGUSTO_DOUBLE
OPT_asan := -O1 -march=native $(MATH) -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined
OPT_asan64 = $(OPT_asan) -DGUSTO_DOUBLE
OPT_tsan := -O1 -march=native $(MATH) -g -fsanitize=thread
OPT_debug := -O0 -g $(ARCH) $(MATH)
# valgrind 3.19 knows AVX2, not AVX-512
OPT_valgrind := -O1 -g -march=x86-64-v3 $(MATH)
# clang's libFuzzer (make fuzz): its OpenMP would be another library than the one OpenBLAS has
OPT_fuzz := -O1 -g -march=native -w -fsanitize=fuzzer-no-link,address,undefined
OPENMP   := $(if $(filter fuzz,$(VARIANT)),-fopenmp=libgomp,-fopenmp)
LINK_asan := -fsanitize=address,undefined
LINK_asan64 := $(LINK_asan)
LINK_tsan := -fsanitize=thread

B        := build/$(VARIANT)$(if $(PORTABLE),-portable)
CFLAGS   := $(WARN) $(OPT_$(VARIANT)) $(OPENMP) -D_GNU_SOURCE -Isrc -I$(B)/gen $(shell pkg-config --cflags $(PKGS) openblas lapacke 2>/dev/null)
LDFLAGS  := $(LINK_$(VARIANT)) -fopenmp -rdynamic
LDLIBS   := $(shell pkg-config --libs $(PKGS) openblas lapacke 2>/dev/null) -lpthread -ldl -lm

FOLDERS  := cli tui script run store rl explain eval data nn graph tensor base
# what each folder's tests link, most dependent first (the include rule of src/README.md)
LIBS_base    := base
LIBS_tensor  := tensor base
LIBS_graph   := graph tensor base
LIBS_nn      := nn graph tensor base
LIBS_data    := data base
LIBS_eval    := eval tensor data base
LIBS_explain := explain eval data nn graph tensor base
LIBS_rl      := rl nn graph tensor data base
LIBS_store   := store base
LIBS_run     := run explain rl eval data nn graph tensor store base
LIBS_script  := script run explain rl eval data nn graph tensor store base
LIBS_tui     := tui run store explain rl eval data nn graph tensor base
LIBS_cli     := $(FOLDERS)

src_of    = $(wildcard src/$(1)/*.c)
obj_of    = $(patsubst src/%.c,$(B)/%.o,$(filter-out src/cli/main.c,$(call src_of,$(1))))
lib_of    = $(B)/lib$(1).a

.PHONY: all
all: gusto

-include $(shell find $(B) -name '*.d' 2>/dev/null)

$(B)/%.o: src/%.c Makefile
	@mkdir -p $(@D)
	@$(if $(V),,echo "  CC $<")
	$(Q)$(CC) $(CFLAGS) -MMD -MP -c $< -o $@

define folder_lib
$(call lib_of,$(1)): $(call obj_of,$(1))
	@rm -f $$@
	$(Q)ar rcs $$@ $$^
endef
$(foreach f,$(FOLDERS),$(eval $(call folder_lib,$(f))))

# The Lua files are compiled into the binary.
LUA_FILES := $(shell find lua -name '*.lua' 2>/dev/null) $(wildcard experiments/*.lua experiments/bench/*.lua datasets/*.lua)
$(B)/gen/lua_files.inc: $(LUA_FILES) tools/embed.sh Makefile
	@mkdir -p $(@D)
	$(Q)bash tools/embed.sh $(LUA_FILES) > $@.tmp && mv $@.tmp $@
$(B)/script/embedded.o: $(B)/gen/lua_files.inc

$(B)/gusto: $(B)/cli/main.o $(foreach f,$(FOLDERS),$(call lib_of,$(f)))
	@$(if $(V),,echo "  LD $@")
	$(Q)$(CC) $(LDFLAGS) -o $@ $< -Wl,--start-group $(foreach f,$(FOLDERS),$(call lib_of,$(f))) -Wl,--end-group $(LDLIBS)

gusto: $(B)/gusto
	$(Q)cp -f $< $@.tmp && mv -f $@.tmp $@

# ---- tests: tests/unit/<folder>/test_*.c -> build/<variant>/tests/<folder>/test_* ----
SUPPORT := $(patsubst tests/support/%.c,$(B)/tests/support/%.o,$(wildcard tests/support/*.c))
$(B)/tests/%.o: tests/%.c Makefile
	@mkdir -p $(@D)
	@$(if $(V),,echo "  CC $<")
	$(Q)$(CC) $(CFLAGS) -Itests -MMD -MP -c $< -o $@

define unit_test
$(B)/tests/unit/$(1)/$(2): $(B)/tests/unit/$(1)/$(2).o $(foreach l,$(LIBS_$(1)),$(call lib_of,$(l))) $(SUPPORT)
	$(Q)$(CC) $(LDFLAGS) -o $$@ $$< $(SUPPORT) -Wl,--start-group $(foreach l,$(LIBS_$(1)),$(call lib_of,$(l))) -Wl,--end-group $(LDLIBS) -lcmocka -lvterm
TESTS_$(1) += $(B)/tests/unit/$(1)/$(2)
endef
$(foreach f,$(FOLDERS),$(foreach t,$(basename $(notdir $(wildcard tests/unit/$(f)/test_*.c))),$(eval $(call unit_test,$(f),$(t)))))
UNIT_TESTS := $(foreach f,$(FOLDERS),$(TESTS_$(f)))

# make check-data, make check-graph VARIANT=f64, ...
define check_folder
.PHONY: check-$(1)
check-$(1): $(TESTS_$(1))
	$(Q)bash tools/run-tests.sh $$^
endef
$(foreach f,$(FOLDERS),$(eval $(call check_folder,$(f))))

include tests/targets.mk

.PHONY: deps
deps: ## install what is missing (apt-get)
	$(Q)bash tools/deps.sh $(PACKAGES)

.PHONY: clean
clean: ## remove build/
	rm -rf build gusto
