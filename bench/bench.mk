# The load generator: make -f bench/bench.mk bench, from the top of the tree. bench/run does it.
include Makefile

BENCH := $(DIR)/bench/bench
BENCH_OBJECTS := $(patsubst bench/%.c,$(DIR)/bench/%.o,$(wildcard bench/*.c))

.PHONY: bench
bench: $(BENCH)
$(BENCH): $(BENCH_OBJECTS) $(call archives,rtc)
	@echo "  LINK  $@"
	$(Q)$(CC) $(LDFLAGS) -o $@ $(BENCH_OBJECTS) $(call link,rtc) -luring
$(DIR)/bench/%.o: bench/%.c Makefile bench/bench.mk
	@mkdir -p $(@D); echo "  CC    $<"
	$(Q)$(CC) $(CFLAGS) -I. $(PKG_CFLAGS) -c -o $@ $<
