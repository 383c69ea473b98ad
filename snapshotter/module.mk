PROGRAMS += aob-snapshotter
aob-snapshotter_SOURCES := \
	snapshotter/clear.c \
	snapshotter/live.c \
	snapshotter/main.c \
	snapshotter/proof.c \
	snapshotter/snapshot.c
aob-snapshotter_LIBS := -lczmq -lzmq -lyaml -ljansson -lbtrfsutil -lexpat
