# A short front for meson and ninja. Programs come to stand in build/bin/.
# `make` alone builds; see CONTRIBUTING.md for what each target is for.
BUILD ?= build
PREFIX ?= /usr/local

.PHONY: build check check-long check-san bench bench-icount lint fuzz install docs clean

build: $(BUILD)/build.ninja
	@ninja -C $(BUILD) bin/skep bin/skep-agent bin/skep-console

$(BUILD)/build.ninja:
	meson setup $(BUILD) --prefix $(PREFIX)

check: $(BUILD)/build.ninja
	@ninja -C $(BUILD) build.ninja >/dev/null
	@meson configure $(BUILD) -Dtests=enabled
	@ninja -C $(BUILD)
	@tool/run-tests --build $(BUILD)

check-san:
	@tool/check-sanitizers

check-long: check check-san
	@SKEP_LONG=1 tool/run-tests --build $(BUILD) --only integration -k 'sensor_vm or rules_vm or load_long or containerds or ldap_ad or old_agents'
	@tool/check-chroot

bench: $(BUILD)/build.ninja
	@ninja -C $(BUILD)
	@bench/run --build $(BUILD)
	@bench/agent --build $(BUILD)

# In an emulated machine, counting instructions: a quarter of an hour, the same figures on any machine.
bench-icount: $(BUILD)/build.ninja
	@ninja -C $(BUILD)
	@bench/icount --build $(BUILD)

lint:
	@tool/lint

fuzz:
	@tool/fuzz $(TARGETS)

docs: build
	@tool/make-docs $(BUILD)

install: build
	meson install -C $(BUILD) --no-rebuild

clean:
	rm -rf $(BUILD) build-*
