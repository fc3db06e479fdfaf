# sfcrime: one non-recursive makefile. `make help` lists the targets.
#
# CFLAGS, LDFLAGS, CC, PREFIX ... are the user's; what the programs cannot do without is in MUST_*.
# Objects go to $(BUILD)/$(VARIANT)/, programs of the release variant to $(BUILD)/bin/.

VERSION  := 0.1.0
REVISION := $(shell git rev-parse --short HEAD 2>/dev/null || echo unknown)
BUILD    ?= build
# Written the same however it was given: the notes of what depends on which header name the objects by it.
override BUILD := $(patsubst $(CURDIR)/%,%,$(BUILD))
VARIANT  ?= release
CC       ?= cc
PREFIX   ?= /usr/local
BINDIR   ?= $(PREFIX)/bin
DATADIR  ?= $(PREFIX)/share
# Where programs look for their configuration.
CONFDIR  := /etc/sfcrime
CFLAGS   ?= -O2 -g
PKG_CONFIG ?= pkg-config
V        ?= 0

OBJ := $(BUILD)/$(VARIANT)
BIN := $(if $(filter release,$(VARIANT)),$(BUILD)/bin,$(OBJ)/bin)
Q   := $(if $(filter 1,$(V)),,@)

# --- rooms, lowest first; each becomes an archive that later ones may use ---------------------------------------
ROOMS    := common record kafka sql report engine ui
PROGRAMS := processor producer consumer broker datagen

# What each program links, highest room first (also the order for the linker).
ROOMS_processor := ui engine report sql kafka record common
ROOMS_producer  := kafka record common
ROOMS_consumer  := sql kafka record common
ROOMS_broker    := common
ROOMS_datagen   := record common

LIBS_kafka   := $(shell $(PKG_CONFIG) --libs rdkafka 2>/dev/null || echo -lrdkafka)
LIBS_jansson := $(shell $(PKG_CONFIG) --libs jansson 2>/dev/null || echo -ljansson)
LIBS_http    := $(shell $(PKG_CONFIG) --libs libmicrohttpd 2>/dev/null || echo -lmicrohttpd)
LIBS_zlib    := $(shell $(PKG_CONFIG) --libs zlib 2>/dev/null || echo -lz)
LIBS_csv     := -lcsv
# A consumer of librdkafka allocates each record in one thread and frees it in another, where glibc's allocator makes the
# two wait for each other: jemalloc takes 40 % off the processor's CPU a record. (The producer gains nothing.)
# ALLOCATOR= links without; the sanitizers bring their own.
ALLOCATOR    ?= jemalloc
LIBS_alloc   := $(if $(and $(ALLOCATOR),$(filter release,$(VARIANT))),-l$(ALLOCATOR))
LIBS_cmocka  := $(shell $(PKG_CONFIG) --libs cmocka 2>/dev/null || echo -lcmocka)
LIBS_ALL     := $(LIBS_http) $(LIBS_zlib) $(LIBS_kafka) $(LIBS_jansson) $(LIBS_csv) -lm -lpthread
LIBS_processor := $(LIBS_alloc) $(LIBS_ALL)
LIBS_producer  := $(LIBS_kafka) $(LIBS_jansson) $(LIBS_csv) -lm -lpthread
LIBS_consumer  := $(LIBS_kafka) $(LIBS_jansson) $(LIBS_csv) -lm -lpthread
LIBS_broker    := $(LIBS_kafka) -ldl -lpthread
LIBS_datagen   := $(LIBS_csv) -lm

# --- flags ------------------------------------------------------------------------------------------------------
# probe FLAG: the flag, if the compiler takes it without a word
probe = $(shell echo 'int main(void){return 0;}' | $(CC) -Werror $(1) -x c - -o /dev/null 2>/dev/null && echo '$(1)')

WARN := -Wall -Wextra -Werror=implicit-function-declaration -Wshadow -Wmissing-prototypes -Wstrict-prototypes -Wwrite-strings -Wvla -Wformat=2 -Wpointer-arith \
        -Wundef -Wcast-qual
ifeq ($(DEVELOPER),1)
WARN += -Werror
endif

ifeq ($(VARIANT),asan)
HARDEN := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
HARDEN_LD := -fsanitize=address,undefined
else ifeq ($(VARIANT),fuzz)
HARDEN := -fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=undefined -fno-omit-frame-pointer
HARDEN_LD := -fsanitize=address,undefined
else ifeq ($(VARIANT),tsan)
HARDEN := -fsanitize=thread -fno-omit-frame-pointer
HARDEN_LD := -fsanitize=thread
else
HARDEN := -fstack-protector-strong $(call probe,-fstack-clash-protection) $(call probe,-fcf-protection=full) \
          $(call probe,-ftrivial-auto-var-init=zero) \
          $(if $(findstring -O0,$(CFLAGS)),,-U_FORTIFY_SOURCE $(or $(call probe,-D_FORTIFY_SOURCE=3),-D_FORTIFY_SOURCE=2))
HARDEN_LD := -Wl,-z,relro,-z,now,-z,noexecstack
endif

MUST_CPPFLAGS := -Iinclude -D_GNU_SOURCE -DSFCRIME_VERSION='"$(VERSION)"' -DSFCRIME_REVISION='"$(REVISION)"'
MUST_CFLAGS   := -std=c11 -fPIE -fno-strict-aliasing $(WARN) $(HARDEN)
MUST_LDFLAGS  := -pie $(HARDEN_LD)
COMPILE = $(CC) $(MUST_CPPFLAGS) $(CPPFLAGS) $(MUST_CFLAGS) $(CFLAGS) -MMD -MP

# --- what there is ----------------------------------------------------------------------------------------------
room_src = $(sort $(wildcard src/$(1)/*.c))
room_obj = $(patsubst src/%.c,$(OBJ)/%.o,$(call room_src,$(1)))
SOURCES  := $(foreach r,$(ROOMS) $(PROGRAMS),$(call room_src,$(r)))
ARCHIVES := $(foreach r,$(ROOMS),$(OBJ)/lib$(r).a)
BINS     := $(foreach p,$(PROGRAMS),$(if $(wildcard src/$(p)/main.c),$(BIN)/sf-$(p)))
UNIT_SRC := $(sort $(wildcard tests/unit/*/test_*.c))
UNIT_BIN := $(patsubst tests/unit/%.c,$(OBJ)/unit/%,$(UNIT_SRC))
TOOL_SRC := $(sort $(wildcard tests/tools/*.c))
TOOL_BIN := $(patsubst tests/tools/%.c,$(OBJ)/tools/%,$(TOOL_SRC))
BENCH_SRC := $(sort $(wildcard tests/bench/*.c))
BENCH_BIN := $(patsubst tests/bench/%.c,$(OBJ)/bench/%,$(BENCH_SRC))
HEADERS  := $(sort $(wildcard include/*/*.h))
ASSETS   := $(sort $(wildcard src/ui/assets/*))

.PHONY: all unit-bins tsan-bins tools bench-bins test check bench asan tsan fuzz fuzz-bins hdr-check format format-check compile_commands.json install installed-config uninstall clean help
.DELETE_ON_ERROR:
.SECONDARY:

all: $(BINS)

define program_rule
$(BIN)/sf-$(1): $(call room_obj,$(1)) $(foreach r,$(ROOMS_$(1)),$(OBJ)/lib$(r).a)
	@mkdir -p $$(@D)
	@echo "  LD      $$@"
	$(Q)$(CC) $(MUST_LDFLAGS) $(LDFLAGS) -o $$@ $$^ $(LIBS_$(1))
endef
$(foreach p,$(PROGRAMS),$(eval $(call program_rule,$(p))))

define archive_rule
$(OBJ)/lib$(1).a: $(call room_obj,$(1))
	@mkdir -p $$(@D)
	@rm -f $$@
	$(Q)ar rcs $$@ $$^
endef
$(foreach r,$(ROOMS),$(eval $(call archive_rule,$(r))))

$(OBJ)/%.o: src/%.c
	@mkdir -p $(@D)
	@echo "  CC      $<"
	$(Q)$(COMPILE) -c -o $@ $<

# The page's files live inside the binary, as they are and packed.
PACKED := $(patsubst src/ui/assets/%,$(OBJ)/ui/packed/%.gz,$(ASSETS))
$(OBJ)/ui/packed/%.gz: src/ui/assets/%
	@mkdir -p $(@D)
	$(Q)gzip -9nc $< >$@
$(OBJ)/ui/assets.o: $(ASSETS) $(PACKED)
$(OBJ)/ui/assets.o: MUST_CFLAGS += -Wa,-I$(OBJ)/ui/packed

# A unit test of ROOM may use that room and all below it; a program's test uses the program's objects except main.
below = $(if $(filter $(1),common),common,$(if $(filter $(1),record),record common,$(if $(filter $(1),kafka),kafka record common,$(if $(filter $(1),sql),sql record common,$(if $(filter $(1),report),report record common,$(if $(filter $(1),engine),engine report sql kafka record common,$(if $(filter $(1),ui),ui report record common,$(ROOMS_$(1)))))))))
define unit_rule
$(OBJ)/unit/$(1)/%: tests/unit/$(1)/%.c $(filter-out %/main.o,$(if $(filter $(1),$(PROGRAMS)),$(call room_obj,$(1)))) $(foreach r,$(call below,$(1)),$(OBJ)/lib$(r).a)
	@mkdir -p $$(@D)
	@echo "  TEST    $$<"
	$(Q)$(COMPILE) -Itests/unit $(MUST_LDFLAGS) $(LDFLAGS) -o $$@ $$(filter %.c %.o %.a,$$^) $(LIBS_cmocka) $(LIBS_ALL)
endef
$(foreach r,$(ROOMS) $(PROGRAMS),$(eval $(call unit_rule,$(r))))

ALL_ARCHIVES := $(foreach r,ui engine report sql kafka record common,$(OBJ)/lib$(r).a)
$(OBJ)/tools/% $(OBJ)/bench/%: tests/%.c
$(OBJ)/tools/%: tests/tools/%.c $(ALL_ARCHIVES)
	@mkdir -p $(@D)
	@echo "  TOOL    $<"
	$(Q)$(COMPILE) $(MUST_LDFLAGS) $(LDFLAGS) -o $@ $< $(ALL_ARCHIVES) $(LIBS_ALL)
$(OBJ)/bench/%: tests/bench/%.c $(ALL_ARCHIVES)
	@mkdir -p $(@D)
	@echo "  BENCH   $<"
	$(Q)$(COMPILE) $(MUST_LDFLAGS) $(LDFLAGS) -o $@ $< $(ALL_ARCHIVES) $(LIBS_ALL)

# A fuzz target may use every room; one that looks into a program names it here and gets its objects except main.
FUZZED_settings := processor
FUZZED_dataset  := producer
define fuzz_rule
$(BUILD)/bin/$(1): tests/fuzz/$(1).c $(filter-out %/main.o,$(if $(2),$(call room_obj,$(2)))) $(ALL_ARCHIVES)
	@mkdir -p $$(@D)
	@echo "  FUZZ    $$<"
	$(Q)$(COMPILE) -MF $(OBJ)/$(1).d -fsanitize=fuzzer $(MUST_LDFLAGS) $(LDFLAGS) -o $$@ $$(filter %.c %.o %.a,$$^) $(LIBS_ALL)
endef
FUZZ_SRC := $(sort $(wildcard tests/fuzz/fuzz_*.c))
$(foreach f,$(basename $(notdir $(FUZZ_SRC))),$(eval $(call fuzz_rule,$(f),$(FUZZED_$(patsubst fuzz_%,%,$(f))))))

unit-bins: $(UNIT_BIN)
# Tests with threads of ours and none of librdkafka's.
tsan-bins: $(addprefix $(OBJ)/unit/,report/test_board common/test_log common/test_lifecycle)
tools: $(TOOL_BIN)
bench-bins: $(BENCH_BIN)

# --- checks -----------------------------------------------------------------------------------------------------
test: all unit-bins
	@tests/run-unit $(OBJ)/unit

check: test hdr-check format-check

asan:
	@$(MAKE) --no-print-directory VARIANT=asan CFLAGS="-O1 -g" test

tsan:
	@$(MAKE) --no-print-directory VARIANT=tsan CFLAGS="-O1 -g" tsan-bins
	@tests/run-unit $(BUILD)/tsan/unit

bench: all bench-bins tools
	@tests/bench/run

hdr-check:
	@for h in $(HEADERS); do echo "  HDR     $$h"; printf '#include "%s"\n' "$${h#include/}" | \
	  $(CC) $(MUST_CPPFLAGS) -std=c11 $(WARN) -Werror -fsyntax-only -x c - || exit 1; done

FUZZ_BIN := $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/bin/%,$(FUZZ_SRC))
FUZZ_SECONDS ?= 60
# libFuzzer is clang's; objects apart from the other variants'.
fuzz-bins:
	@$(MAKE) --no-print-directory CC=clang BUILD=$(BUILD)/fuzz VARIANT=fuzz CFLAGS="-O1 -g" $(FUZZ_BIN)
fuzz: fuzz-bins
	@tests/fuzz/run $(BUILD)/fuzz $(FUZZ_SECONDS)

FORMATTED := $(HEADERS) $(SOURCES) $(UNIT_SRC) $(TOOL_SRC) $(BENCH_SRC) $(FUZZ_SRC) \
             $(wildcard src/*/*.h tests/*/*.h tests/unit/*/*.h)
format:
	clang-format -i $(FORMATTED)
format-check:
	@clang-format --dry-run -Werror $(FORMATTED)

# gcc has no -MJ: the list is printed from the sources
compile_commands.json:
	@{ echo '['; sep=; for s in $(SOURCES); do \
	  printf '%s{"directory": "%s", "file": "%s", "command": "%s"}' "$$sep" "$(CURDIR)" "$$s" \
	  '$(subst ",\",$(COMPILE)) -c '"$$s"; sep=",\n"; done; echo; echo ']'; } > $(BUILD)/compile_commands.json
	@echo "$(BUILD)/compile_commands.json"

# Sample data go along, and the configuration names them there. A configuration that somebody changed is neither
# overwritten nor removed.
CONFIGS    := $(wildcard config/*.properties)
DATA       := $(wildcard data/*.json)
SHARED     := $(DATADIR)/sfcrime
INSTALLED  := $(BUILD)/installed
installed-config:
	@mkdir -p $(INSTALLED)
	@for c in $(CONFIGS); do sed 's|= data/|= $(SHARED)/|' $$c >$(INSTALLED)/$${c##*/} || exit 1; done

install: all installed-config
	install -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(SHARED) $(DESTDIR)$(CONFDIR)
	install -m 755 $(BINS) $(DESTDIR)$(BINDIR)
	install -m 644 $(DATA) $(DESTDIR)$(SHARED)
	@for c in $(notdir $(CONFIGS)); do to=$(DESTDIR)$(CONFDIR)/$$c; \
	  if [ -e $$to ] && ! cmp -s $(INSTALLED)/$$c $$to; then echo "kept $$to, which was changed"; \
	  else echo "install -m 644 $$c $$to"; install -m 644 $(INSTALLED)/$$c $$to || exit 1; fi; done

uninstall: installed-config
	rm -f $(foreach p,$(PROGRAMS),$(DESTDIR)$(BINDIR)/sf-$(p)) $(addprefix $(DESTDIR)$(SHARED)/,$(notdir $(DATA)))
	@for c in $(notdir $(CONFIGS)); do to=$(DESTDIR)$(CONFDIR)/$$c; \
	  if cmp -s $(INSTALLED)/$$c $$to; then echo "rm -f $$to"; rm -f $$to; \
	  elif [ -e $$to ]; then echo "kept $$to, which was changed"; fi; done
	@for d in $(DESTDIR)$(SHARED) $(DESTDIR)$(CONFDIR); do [ ! -d $$d ] || rmdir --ignore-fail-on-non-empty $$d; done

clean:
	rm -rf $(BUILD)

help:
	@echo 'all (default)   programs in $(BUILD)/bin'
	@echo 'test            unit tests; tests/run runs everything'
	@echo 'check           test, hdr-check, format-check'
	@echo 'asan, tsan      unit tests under the sanitizers'
	@echo 'fuzz            every fuzz target for FUZZ_SECONDS (60)'
	@echo 'bench           benchmarks: ratios to limits measured in the same run'
	@echo 'hdr-check       every header compiles alone'
	@echo 'format, format-check, compile_commands.json, install, uninstall, clean'
	@echo 'Variables: CC CFLAGS LDFLAGS PREFIX DESTDIR BUILD VARIANT=release|asan|tsan'
	@echo '  ALLOCATOR=jemalloc (or nothing: the C library) DEVELOPER=1 V=1'

-include $(shell find $(OBJ) -name '*.d' 2>/dev/null)
