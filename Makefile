# AutoOffsiteBackup
#
#   make [all]             everything into build/                  make check         unit + integration tests (root)
#   make unit              unit tests only                         make integration   integration tests only (root)
#   make quickstart        a whole backup on an embedded lab       make quickstart-down   takes the lab away again
#     SOURCE=/some/folder  … of a copy of your own data
#   make bench [QUICK=1]   side by side with rsync, restic, borg, btrfs send (root)   ONLY= FS= REPEAT= INTO=
#   make torture-changes   random changes, every generation compared (root)           ROUNDS= SEED=
#   make plays PLAYS=200   so many backups of Macs to a real smbd, disturbed (root)   SEED= SLOTS=
#   make torture           whole pipelines under faults of every kind (root)          ROUNDS= SEED= LABS= FIRST= ONLY= LIMIT=
#   make torture-hosts     five hosts, lines cut, processes killed (root)              ROUNDS= SEED= FIRST= AWAY=
#   make torture-syscalls  killed before each system call, or each fails (root)       FS= FAULT= SEQUENCE= ALL=1
#   make torture-power     the vault's machine loses its power, 10,000 times (root)   IMAGES= FS= SEED= each, ENGINE=rsync
#   make torture-uml       a whole machine with its kernel loses its power (root)    CUTS= FS= SEED= each
#   make torture-sessions  whole conversations, recorded and changed, to the real ends       SESSIONS=100000 SEED=
#   make torture-cves      each class of rsync's CVEs: without its guard, a test fails
#   make memcheck          two generations with all processes under valgrind (root)
#   make torture-restores  restores cut, killed, on a full disk (root)                ROUNDS= SEED=
#   make torture-mends     verifications likewise, while the vault rots (root)         ROUNDS= SEED=
#   make torture-flips     folders swapped for symlinks under each operation (root)   FLIP_SECONDS=60 each, OPENAT2=no
#   make fuzz              the parsers, FUZZ_SECONDS=60 each, or FUZZ_TOTAL= for all
#   make versions          released versions meet today's, in every order that people upgrade in (root; RELEASED=VERSION)
#   make container         the images of deploy/container are built, and back up one to the other (root)
#   make systems           a Debian 12 of its own is booted, gets the packages, and what happens to machines happens to it (root)
#   make receiver-static   the vault's end as one file that needs nothing: build/static/ARCH/aob-receiver
#     ARCH=arm64|armhf|…   for another machine (deploy/install-deps cross)
#   make deb               Debian packages: build/deb/*.deb (aob, aob-receiver, aob-monitor)
#   make deb-twice         and once more, otherwise: the same bytes; lintian is quiet (root)
#   make install           below PREFIX (/usr/local), DESTDIR      make format lint clean
#
#   CC=clang               another compiler        SANITIZE=1     with ASan and UBSan
#   V=1                    show the commands       TEST=word      only the tests whose path holds the word
#   BUILD=dir              another build folder, so that several variants live side by side
#
# Every folder names its sources in module.mk; nothing is built anywhere but in $(BUILD).

BUILD ?= build
# As given, for what is built: an object's dependencies name it as it was called then. Scripts get it absolute.
again = $(MAKE) BUILD=$(build_given)
build_given := $(BUILD)
PREFIX ?= /usr/local
CC ?= cc
V ?=
TEST ?=
Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-7s %s\n' $(1) $(2))

PACKAGES := libczmq libzmq expat libbtrfsutil yaml-0.1 jansson sqlite3 libzstd libcrypto libsystemd

CPPFLAGS += -I. -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64
WARNINGS := -Wall -Wextra -Werror -Wshadow -Wpointer-arith -Wcast-qual -Wwrite-strings -Wmissing-prototypes \
	-Wstrict-prototypes -Wold-style-definition -Wundef -Wformat=2 -Wvla -Wimplicit-fallthrough -Wswitch-enum
CFLAGS ?= -O2 -g
# Small, and in sections that are left out where nothing calls them: for machines that have no packages. Nothing there unwinds a stack (no thread is cancelled), so
# neither our part of the tables for that is there, nor their index.
ifdef STATIC
CFLAGS := -Os -g -ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables
endif
comma := ,
HARDENING := -fstack-protector-strong -fPIE
ALL_CFLAGS = -std=c17 $(CFLAGS) $(WARNINGS) $(HARDENING) -pthread -MMD -MP
ALL_LDFLAGS = $(LDFLAGS) $(if $(STATIC),$(STATIC) -Wl$(comma)--gc-sections$(comma)--no-eh-frame-hdr,-pie) -Wl,-z,relro,-z,now -Wl,--as-needed -pthread
ifdef SANITIZE
ALL_CFLAGS += -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
ALL_LDFLAGS += -fsanitize=address,undefined
else
CPPFLAGS += -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
endif

OBJ := $(BUILD)/obj
PROGRAMS :=
lib_SOURCES :=
wire_SOURCES :=

.PHONY: all check unit integration bench torture torture-changes torture-syscalls torture-power torture-uml torture-flips torture-restores torture-mends memcheck fuzz quickstart quickstart-down deps install format lint clean
.DELETE_ON_ERROR:
all:

include $(sort $(wildcard */module.mk))
ifdef STATIC
PROGRAMS := aob-receiver
lib_SOURCES := $(shell receiver/parts)
wire_SOURCES := $(filter wire/%,$(lib_SOURCES))
lib_SOURCES := $(filter lib/%,$(lib_SOURCES))
aob-receiver_LIBS := $(aob-receiver_STATIC_LIBS)
endif

# What the tests link against: everything but the main functions.
PARTS := $(foreach p,$(PROGRAMS),$(filter-out %/main.c,$($(p)_SOURCES)))
objects = $(patsubst %.c,$(OBJ)/%.o,$(1))

# The variant that the objects in $(BUILD) were built as; a change rebuilds them.
VARIANT := $(BUILD)/.variant
variant_now := $(CC) $(CFLAGS) $(CPPFLAGS) $(if $(SANITIZE),sanitize)
ifneq ($(MAKECMDGOALS),clean)
$(shell mkdir -p $(BUILD); printf '%s\n' '$(variant_now)' | cmp -s - $(VARIANT) || printf '%s\n' '$(variant_now)' >$(VARIANT))
endif

all: $(PROGRAMS:%=$(BUILD)/%)

# BUILD is relative by hand and absolute from scripts: an object is known by both names, or its headers would be those of the other one.
both_names = $(sort $(patsubst $(CURDIR)/%,%,$(abspath $(1))) $(abspath $(1)))
$(OBJ)/%.o: %.c $(VARIANT)
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) $(patsubst %,-MT %,$(call both_names,$@)) -c -o $@ $<

$(OBJ)/libaob.a: $(call objects,$(lib_SOURCES))
$(OBJ)/libwire.a: $(call objects,$(wire_SOURCES))
$(OBJ)/libparts.a: $(call objects,$(PARTS))
$(OBJ)/%.a:
	$(call say,AR,$@)
	$(Q)rm -f $@ && ar rcsP $@ $^

# One rule a program: its own objects, the two libraries, and the outside libraries that it names.
define program
$(BUILD)/$(1): $(call objects,$($(1)_SOURCES)) $(OBJ)/libwire.a $(OBJ)/libaob.a
	$$(call say,LD,$$@)
	$(Q)$(CC) $$(ALL_CFLAGS) -o $$@ $(call objects,$($(1)_SOURCES)) $(OBJ)/libwire.a $(OBJ)/libaob.a $$(ALL_LDFLAGS) $($(1)_LIBS)
endef
$(foreach p,$(PROGRAMS),$(eval $(call program,$(p))))

# The receiver in one file, stripped; beside it, with what a debugger wants to know.
ARCH ?= $(arch_here)
arch_here := $(shell dpkg --print-architecture 2>/dev/null)
static_build = $(build_given)/static/$(ARCH)
triplet_arm64 := aarch64-linux-gnu
triplet_armhf := arm-linux-gnueabihf
triplet_s390x := s390x-linux-gnu
static_cc = $(if $(filter $(ARCH),$(arch_here)),$(CC),$(triplet_$(ARCH))-gcc --sysroot=$(abspath $(static_build)/libraries))
# Loaded at another address each time, where Debian 12 can: its C library has no start for that on armhf, and on s390x one that ends before main. The table of
# what is to be adjusted then can be written in short on amd64 alone.
static_link_amd64 := -static-pie -Wl,-z,pack-relative-relocs
static_link_arm64 := -static-pie
static_link = $(or $(static_link_$(ARCH)),-static)
.PHONY: receiver-static
receiver-static:
	$(if $(filter $(ARCH),$(arch_here) arm64 armhf s390x),,$(error ARCH=$(ARCH): this machine's ($(arch_here)), arm64, armhf or s390x))
	$(Q)$(if $(filter $(ARCH),$(arch_here)),,deploy/cross-libraries $(ARCH) $(static_build)/libraries)
	$(Q)$(MAKE) STATIC='$(static_link)' BUILD=$(static_build)/build CC='$(static_cc)' $(static_build)/build/aob-receiver
	$(Q)$(if $(filter $(ARCH),$(arch_here)),,$(triplet_$(ARCH))-)strip -o $(static_build)/aob-receiver $(static_build)/build/aob-receiver
	$(call say,STATIC,$(static_build)/aob-receiver)

# tests/unit/X/test_y.c is one executable.
UNIT_SOURCES := $(sort $(wildcard tests/unit/*/test_*.c))
UNIT_TESTS := $(patsubst tests/unit/%.c,$(BUILD)/tests/%,$(UNIT_SOURCES))
# Kept, so that a test is only linked again. (Not all: make would not miss the object of a new module that is older than its library.)
.SECONDARY: $(call objects,$(UNIT_SOURCES))
TEST_LIBS := -lcmocka -lczmq -lzmq -lbtrfsutil -lyaml -lrsync -ljansson -lsqlite3 -lzstd -lcrypto -lsystemd -lmicrohttpd -lcurl -lmosquitto -lexpat -lm
$(BUILD)/tests/%: $(OBJ)/tests/unit/%.o $(OBJ)/libparts.a $(OBJ)/libwire.a $(OBJ)/libaob.a
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) -o $@ $< -Wl,--start-group $(OBJ)/libparts.a $(OBJ)/libwire.a $(OBJ)/libaob.a -Wl,--end-group \
		$(ALL_LDFLAGS) $(TEST_LIBS)

# Programs of the torture that are linked with our parts.
STORE_STEPS := $(BUILD)/tests/torture/store_steps
$(STORE_STEPS): $(OBJ)/tests/torture/store_steps.o $(OBJ)/libparts.a $(OBJ)/libwire.a $(OBJ)/libaob.a
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) -o $@ $< $(OBJ)/libparts.a $(OBJ)/libaob.a $(ALL_LDFLAGS) $(aob-broker_LIBS)

.PHONY: unit-programs
unit-programs: $(UNIT_TESTS)

unit: unit-programs
	$(Q)tests/run-unit $(foreach t,$(UNIT_TESTS),$(if $(or $(if $(TEST),,all),$(findstring $(TEST),$(t))),$(t)))

integration: all $(STORE_STEPS)
	$(Q)tests/run-integration $(TEST)

# The benchmark's relay, and the parsers' fuzzers: a corpus each, replayed by the unit tests too.
$(BUILD)/tests/bench/relay: tests/bench/relay.c $(VARIANT)
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -o $@ $< $(ALL_LDFLAGS)

bench:
	$(Q)deploy/install-deps --bench
	$(Q)$(again) all $(build_given)/tests/bench/relay $(build_given)/tests/broker/test_history_trim
	$(Q)tests/bench/bench $(if $(QUICK),--quick) $(if $(ONLY),--only $(ONLY)) $(if $(FS),--fs $(FS)) $(if $(REPEAT),--repeat $(REPEAT)) $(if $(INTO),--into $(INTO))

torture-changes: deps
	$(Q)$(again) all
	$(Q)unshare --mount --propagation private tests/torture/rounds --rounds $(or $(ROUNDS),5000) --seed $(or $(SEED),1)

torture-restores: deps
	$(Q)$(again) all
	$(Q)unshare --mount --propagation private tests/torture/restores --rounds $(or $(ROUNDS),1000) --seed $(or $(SEED),1)

torture-mends: deps
	$(Q)$(again) all
	$(Q)unshare --mount --propagation private tests/torture/mends --rounds $(or $(ROUNDS),1000) --seed $(or $(SEED),1)

.PHONY: plays
plays: export PLAYS := $(or $(PLAYS),200)
plays: export SEED := $(or $(SEED),1)
plays: export SLOTS := $(or $(SLOTS),10)
plays: deps
	$(Q)$(again) all
	$(Q)LIMIT=7200 tests/run-integration 500-

PLAIN_LINK := $(BUILD)/tests/torture/plain_link
$(PLAIN_LINK): tests/torture/plain_link.c $(VARIANT)
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -o $@ $< $(ALL_LDFLAGS)

# Some labs side by side, most of them without ssh's cryptography; LABS=0: one, with ssh, in namespaces that --labs would make.
torture: deps
	$(Q)$(again) all $(build_given)/tests/torture/plain_link
	$(Q)$(if $(filter 0,$(LABS)),unshare --mount --propagation private --pid --net --ipc --fork --kill-child --mount-proc) \
		tests/torture/pipelines --rounds $(or $(ROUNDS),200) --seed $(or $(SEED),1) --labs $(or $(LABS),8) --plain --in-memory \
		$(if $(FIRST),--first $(FIRST)) $(if $(ONLY),--only $(ONLY)) $(if $(LIMIT),--limit $(LIMIT)) $(if $(WORK),--work $(WORK))

.PHONY: torture-hosts
torture-hosts: export BUILD := $(abspath $(BUILD))
torture-hosts: deps
	$(Q)$(again) all
	$(Q)unshare --mount --propagation private --pid --net --ipc --fork --kill-child --mount-proc \
		tests/torture/hosts --rounds $(or $(ROUNDS),100) --seed $(or $(SEED),1) $(if $(FIRST),--first $(FIRST)) $(if $(AWAY),--away $(AWAY))

torture-syscalls: deps
	$(Q)$(again) all $(STORE_STEPS)
	$(Q)unshare --mount --propagation private tests/torture/every-syscall $(if $(FS),--fs $(FS)) $(if $(SEQUENCE),--sequence $(SEQUENCE)) \
		--fault $(or $(FAULT),kill,EIO,ENOSPC,EINTR,EIO+) $(if $(ALL),--all)

torture-power: deps
	$(Q)$(again) all $(STORE_STEPS)
	$(Q)unshare --mount --propagation private tests/torture/power --images $(or $(IMAGES),10000) --seed $(or $(SEED),1) $(if $(FS),--fs $(FS)) $(if $(ENGINE),--engine $(ENGINE))

torture-uml: deps
	$(Q)$(again) all
	$(Q)unshare --mount --propagation private tests/torture/uml --cuts $(or $(CUTS),67) --seed $(or $(SEED),1) $(if $(FS),--fs $(FS))

# SANITIZE=1 BUILD=build/sanitize: with the sanitizers' eyes.
.PHONY: torture-sessions torture-cves
torture-sessions: deps
	$(Q)$(again) all
	$(Q)tests/torture/sessions --sessions $(or $(SESSIONS),100000) --seed $(or $(SEED),1) $(if $(FIRST),--first $(FIRST))

torture-cves: deps
	$(Q)$(again) all
	$(Q)tests/torture/cves $(if $(ONLY),--only "$(ONLY)")

memcheck:
	$(Q)deploy/install-deps --memcheck
	$(Q)$(again) all
	$(Q)tests/torture/memcheck

torture-flips: deps
	$(Q)$(again) all
	$(Q)unshare --mount --propagation private tests/torture/flips --seconds $(or $(FLIP_SECONDS),60) $(if $(filter no,$(OPENAT2)),--without-openat2)

FUZZERS := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
.PHONY: fuzz-programs
fuzzing = $(MAKE) CC=clang BUILD=$(BUILD)/fuzzing SANITIZE=1 'CFLAGS=-O1 -g -fsanitize=fuzzer-no-link'
fuzz-programs: deps
	+$(Q)$(fuzzing) fuzzers

# The same objects: every program and test by clang, with ASan and UBSan.
.PHONY: sanitized sanitized-programs
sanitized-programs: deps
	+$(Q)$(fuzzing) all unit-programs fuzzers
sanitized: sanitized-programs
	+$(Q)$(fuzzing) unit

fuzz: fuzz-programs
	$(Q)tests/fuzz/run-fuzz $(BUILD)/fuzzing $(or $(FUZZ_SECONDS),$(if $(FUZZ_TOTAL),$(shell expr $(FUZZ_TOTAL) / $(words $(FUZZERS)))),60) $(FUZZERS)

.PHONY: fuzzers
fuzzers: $(FUZZERS:%=$(BUILD)/fuzz/%)
$(BUILD)/fuzz/%: $(OBJ)/tests/fuzz/%.o $(OBJ)/libparts.a $(OBJ)/libwire.a $(OBJ)/libaob.a
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) -fsanitize=fuzzer -o $@ $< -Wl,--start-group $(OBJ)/libparts.a $(OBJ)/libwire.a $(OBJ)/libaob.a -Wl,--end-group \
		$(ALL_LDFLAGS) $(TEST_LIBS)

# In two steps, so that pkg-config and headers are there before anything is compiled.
check: deps
	$(Q)$(MAKE) all
	$(Q)$(MAKE) unit
	$(Q)$(MAKE) integration

deps:
	$(Q)deploy/install-deps

# By the environment, as their text may hold anything that a shell would look at.
quickstart quickstart-down integration torture torture-changes torture-syscalls torture-power torture-uml torture-flips torture-restores torture-mends torture-sessions torture-cves memcheck bench plays: export BUILD := $(abspath $(BUILD))
quickstart: export SOURCE := $(SOURCE)

quickstart: deps
	$(Q)$(again) all
	$(Q)lab/quickstart up

quickstart-down:
	$(Q)lab/quickstart down

C_FILES = $(shell git ls-files '*.c' '*.h' 2>/dev/null)
format:
	$(Q)clang-format -i $(C_FILES)

lint: deps
	$(Q)$(again) all
	$(Q)BUILD=$(build_given) tests/lint

ZSH_COMPLETIONS ?= $(PREFIX)/share/zsh/site-functions
version = $(shell sed -n 's/^.define AOB_VERSION "\(.*\)"/\1/p' lib/version.h)
install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/doc/aob $(DESTDIR)$(PREFIX)/share/aob
	install -m 755 $(PROGRAMS:%=$(BUILD)/%) $(DESTDIR)$(PREFIX)/bin/
	install -d $(DESTDIR)$(PREFIX)/sbin
	for setup in nas-setup vault-setup; do \
		awk '/^# shellcheck source=/ { next } /^\. .*setup-lib/ { print "AOB_VERSION=$(version)"; while ((getline < "deploy/setup-lib.sh") > 0) print; next } { print }' \
			deploy/$$setup >$(DESTDIR)$(PREFIX)/sbin/aob-$$setup && chmod 755 $(DESTDIR)$(PREFIX)/sbin/aob-$$setup || exit 1; done
	for page in man/*.[1-8]; do section=$${page##*.}; \
		install -d $(DESTDIR)$(PREFIX)/share/man/man$$section && \
		install -m 644 $$page $(DESTDIR)$(PREFIX)/share/man/man$$section/ || exit 1; done
	install -m 644 README.md LICENSE SECURITY.md docs/*.md $(DESTDIR)$(PREFIX)/share/doc/aob/
	cp -R deploy/supervisord deploy/examples deploy/prometheus deploy/grafana $(DESTDIR)$(PREFIX)/share/aob/
	for conf in deploy/supervisord/*.conf; do \
		sed 's|/usr/local|$(PREFIX)|g' $$conf >$(DESTDIR)$(PREFIX)/share/aob/supervisord/$${conf##*/} || exit 1; done
	install -d $(DESTDIR)$(PREFIX)/share/bash-completion/completions $(DESTDIR)$(ZSH_COMPLETIONS)
	for program in aob aob-receiver aob-stage; do \
		deploy/completions/generate $$program bash >$(DESTDIR)$(PREFIX)/share/bash-completion/completions/$$program && \
		deploy/completions/generate $$program zsh >$(DESTDIR)$(ZSH_COMPLETIONS)/_$$program || exit 1; done
	chmod 644 $(DESTDIR)$(PREFIX)/share/bash-completion/completions/aob* $(DESTDIR)$(ZSH_COMPLETIONS)/_aob*
	$(again) install-systemd

# Debian packages for this machine's release and kind: build/deb/*.deb. From a copy of what git knows, with debian/ where dpkg-buildpackage wants it; the same
# bytes each time, as their date is that of the changelog.
.PHONY: deb
deb_tree = $(build_given)/deb/aob
deb:
	$(Q)deploy/install-deps --deb
	$(Q)rm -rf $(build_given)/deb
	$(Q)deploy/debian-tree $(deb_tree)
	$(Q)cd $(deb_tree) && env -u BUILD -u MAKEFLAGS DEB_BUILD_OPTIONS='nocheck parallel=$(shell nproc)' dpkg-buildpackage -b -us -uc $(if $(V),,>../log 2>&1) || \
		{ tail -n 40 ../log >&2; exit 1; }
	$(Q)rm -rf $(deb_tree)
	$(Q)ls $(build_given)/deb/*.deb

# Built again elsewhere, otherwise, later: the same bytes; and lintian is quiet.
.PHONY: deb-twice
deb-twice: export BUILD := $(abspath $(BUILD))
deb-twice:
	$(Q)$(again) deb
	$(Q)tests/systems/deb-twice

# A Debian 12 of its own is booted with its systemd, and lives with the packages.
.PHONY: systems
systems: export BUILD := $(abspath $(BUILD))
systems:
	$(Q)deploy/install-deps --systems
	$(Q)$(again) deb
	$(Q)tests/systems/booted

# The images of deploy/container are built of a Debian by debootstrap, and back up one to the other.
.PHONY: container
container: export BUILD := $(abspath $(BUILD))
container:
	$(Q)deploy/install-deps --container
	$(Q)tests/systems/container

# What was released before meets what is here.
.PHONY: versions
versions: export BUILD := $(abspath $(BUILD))
versions: deps
	$(Q)$(again) all
	$(Q)tests/systems/versions

# Units, their users and folders. Of each stage there is one for more workers, too: aob-transfer@2.
units = $(DESTDIR)$(PREFIX)/lib/systemd/system
.PHONY: install-systemd
install-systemd:
	install -d $(units)/aob-.service.d $(DESTDIR)$(PREFIX)/lib/sysusers.d $(DESTDIR)$(PREFIX)/lib/tmpfiles.d
	install -m 644 deploy/systemd/aob-.service.d/common.conf $(units)/aob-.service.d/
	install -m 644 deploy/systemd/aob.target deploy/systemd/aob.slice $(units)/
	for unit in deploy/systemd/aob-*.service; do \
		sed 's|/usr/local/bin|$(PREFIX)/bin|' $$unit >$(units)/$${unit##*/} && chmod 644 $(units)/$${unit##*/} || exit 1; done
	for stage in snapshotter transfer pruner verifier rehearser; do \
		cp $(units)/aob-$$stage.service $(units)/aob-$$stage@.service || exit 1; done
	install -m 644 deploy/systemd/aobdied@.service $(units)/
	ln -sfn aob-.service.d $(units)/aob-@.service.d
	install -m 644 deploy/systemd/sysusers.conf $(DESTDIR)$(PREFIX)/lib/sysusers.d/aob.conf
	install -m 644 deploy/systemd/tmpfiles.conf $(DESTDIR)$(PREFIX)/lib/tmpfiles.d/aob.conf

clean:
	@if findmnt -rno TARGET | grep -q '^$(abspath $(BUILD))/'; then \
		echo "make clean: the lab is mounted below $(BUILD); run: make quickstart-down" >&2; exit 1; fi
	rm -rf $(BUILD)

-include $(shell find $(OBJ) -name '*.d' 2>/dev/null)
