PROGRAMS += aob-stage-test
aob-stage-test_SOURCES := \
	conformance/bench.c \
	conformance/checks.c \
	conformance/ends.c \
	conformance/main.c \
	conformance/program.c \
	broker/reply.c
aob-stage-test_LIBS := -lczmq -lzmq -lyaml -ljansson -lcrypto
