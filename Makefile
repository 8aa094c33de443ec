# tandem: make [all|test|lint|fuzz|format|clean]  BUILD=release|debug|asan|tsan|fuzz  OUT=out  V=1
# FLOOR=sip limits test and fuzz to one floor. A wildcard per folder: a new file needs no edit here.
include tools/floors.mk

BUILD ?= release
OUT   ?= out
DIR   := $(OUT)/$(BUILD)
Q     := $(if $(V),,@)

CC    ?= cc
VERSION := $(shell cat VERSION)
WARN  := -Wall -Wextra -Werror -Wshadow -Wconversion -Wno-sign-conversion -Wstrict-prototypes \
         -Wmissing-prototypes -Wcast-qual -Wwrite-strings -Wvla -Walloca -Wundef -Wformat=2 \
         -Wimplicit-fallthrough -Wnull-dereference
FLAGS := -std=gnu11 -D_GNU_SOURCE -DTANDEM_VERSION='"$(VERSION)"' -Isrc -include src/base/banned.h \
         -g -fno-common -fstack-protector-strong -MMD -MP -pthread
flags_release := -O2 -DNDEBUG -D_FORTIFY_SOURCE=2
flags_debug   := -O0
flags_asan    := -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
flags_tsan    := -O1 -fsanitize=thread
flags_fuzz    := -O1 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
ifeq ($(BUILD),fuzz)
CC := clang
endif
ifneq ($(filter asan tsan,$(BUILD)),)
WARN += -Wno-null-dereference # the sanitizers' own branches trip it
endif
CFLAGS  += $(FLAGS) $(WARN) $(flags_$(BUILD))
LDFLAGS += -pthread $(filter -fsanitize%,$(flags_$(BUILD)))

# A floor's archive, the floors it reaches (itself first), their libraries.
sources = $(filter-out %_test.c %_fuzz.c,$(shell find src/$(1) -name '*.c' 2>/dev/null | sort))
tests_of = $(shell find src/$(1) -name '*_test.c' 2>/dev/null | sort)
fuzzers_of = $(shell find src/$(1) -name '*_fuzz.c' 2>/dev/null | sort)
objects = $(patsubst src/%.c,$(DIR)/%.o,$(1))
made_store := $(DIR)/store/schema.o
made_daemon := $(addprefix $(DIR)/daemon/,page.o admin_page.o phone_page.o provisioning_page.o)
reach   = $(sort $(1) $(foreach f,$(needs_$(1)),$(call reach,$(f))))
archives = $(foreach f,$(call reach,$(1)),$(DIR)/lib$(f).a)
pkgs    = $(sort $(foreach f,$(call reach,$(1)),$(pkgs_$(f))))
libs    = $(foreach f,$(call reach,$(1)),$(libs_$(f))) $(shell pkg-config --libs $(call pkgs,$(1)))
link    = -Wl,--start-group $(call archives,$(1)) -Wl,--end-group $(call libs,$(1))

PKG_CFLAGS := $(shell pkg-config --cflags $(sort $(foreach f,$(FLOORS),$(pkgs_$(f))))) $(cflags_foreign)
MAIN   := src/daemon/main.c
TESTS  := $(foreach f,$(or $(FLOOR),$(FLOORS)),$(call tests_of,$(f)))
FUZZERS := $(foreach f,$(or $(FLOOR),$(FLOORS)),$(call fuzzers_of,$(f)))
TEST_BINS := $(patsubst src/%.c,$(DIR)/%,$(TESTS))
FLOW_BINS := $(patsubst tests/%.c,$(DIR)/%,$(wildcard tests/flows/*_test.c tests/faults/*_test.c))
FUZZ_BINS := $(patsubst src/%.c,$(DIR)/%,$(FUZZERS))

.PHONY: all test lint fuzz format clean tests fuzzers
all: $(DIR)/tandem
	$(Q)[ $(BUILD) != release ] || ln -sf $(BUILD)/tandem $(OUT)/tandem

define floor_rules
$$(DIR)/lib$(1).a: $$(call objects,$$(filter-out $(MAIN),$$(call sources,$(1)))) $$(made_$(1))
	@rm -f $$@
	$$(Q)ar rcs $$@ $$^
$$(patsubst src/%.c,$$(DIR)/%,$$(call tests_of,$(1))): $$(DIR)/%: $$(DIR)/%.o $$(call archives,$(1))
	@echo "  LINK  $$@"
	$$(Q)$$(CC) $$(LDFLAGS) -o $$@ $$< $$(call link,$(1)) -lcmocka
$$(patsubst src/%.c,$$(DIR)/%,$$(call fuzzers_of,$(1))): $$(DIR)/%: $$(DIR)/%.o $$(call archives,$(1))
	@echo "  LINK  $$@"
	$$(Q)$$(CC) $$(LDFLAGS) -fsanitize=fuzzer -o $$@ $$< $$(call link,$(1))
endef
$(foreach f,$(FLOORS),$(eval $(call floor_rules,$(f))))

$(DIR)/tandem: $(call objects,$(MAIN)) $(call archives,daemon)
	@echo "  LINK  $@"
	$(Q)$(CC) $(LDFLAGS) -o $@ $< $(call link,daemon)
$(FLOW_BINS): $(DIR)/%: $(DIR)/%.o $(patsubst tests/%.c,$(DIR)/%.o,$(wildcard tests/fakes/*.c)) $(call archives,daemon)
	@echo "  LINK  $@"
	$(Q)$(CC) $(LDFLAGS) -o $@ $(filter %.o,$^) $(call link,daemon) -lcmocka
# Files built into the program: made_FLOOR names the objects, a rule each makes the C file.
$(DIR)/store/schema.c: $(sort $(wildcard src/store/schema/*.sql)) tools/embed
	@mkdir -p $(@D)
	$(Q)tools/embed store_schema src/store/schema $(filter %.sql,$^) > $@
$(DIR)/daemon/page.c: $(sort $(wildcard web/page/*)) tools/embed
	@mkdir -p $(@D)
	$(Q)tools/embed web_page web/page $(filter web/%,$^) > $@
$(DIR)/daemon/admin_page.c: $(sort $(wildcard web/admin/*)) tools/embed
	@mkdir -p $(@D)
	$(Q)tools/embed web_admin web/admin $(filter web/%,$^) > $@
# What npm has built, if it has (tools/build-web); the program does without.
built = $(sort $(shell find web/$(1)/dist -type f -not -name '.*' 2>/dev/null))
$(DIR)/daemon/phone_page.c: $(call built,phone) tools/embed
	@mkdir -p $(@D)
	$(Q)tools/embed web_phone web/phone/dist $(filter web/%,$^) > $@
$(DIR)/daemon/provisioning_page.c: $(call built,provisioning) tools/embed
	@mkdir -p $(@D)
	$(Q)tools/embed web_provisioning web/provisioning/dist $(filter web/%,$^) > $@
$(DIR)/%.o: $(DIR)/%.c Makefile
	$(Q)$(CC) $(CFLAGS) -c -o $@ $<
$(DIR)/%.o: src/%.c Makefile tools/floors.mk VERSION
	@mkdir -p $(@D); echo "  CC    $<"
	$(Q)$(CC) $(CFLAGS) $(PKG_CFLAGS) -c -o $@ $<
$(DIR)/%.o $(DIR)/tests/%.o: tests/%.c Makefile
	@mkdir -p $(@D); echo "  CC    $<"
	$(Q)$(CC) $(CFLAGS) -Itests $(PKG_CFLAGS) -c -o $@ $<

tests: $(TEST_BINS) $(FLOW_BINS)
test: tests
	$(Q)tools/run-tests $(TEST_BINS) $(FLOW_BINS)
fuzzers: $(FUZZ_BINS)
# make fuzz BUILD=fuzz FUZZ_SECONDS=5
fuzz: fuzzers
	$(Q)tools/run-fuzz $(or $(FUZZ_SECONDS),5) $(FUZZ_BINS)
lint:
	$(Q)tools/lint
format:
	$(Q)git ls-files '*.c' '*.h' | xargs clang-format -i
clean:
	rm -rf $(OUT)

.SECONDARY:
-include $(shell find $(DIR) -name '*.d' 2>/dev/null)
