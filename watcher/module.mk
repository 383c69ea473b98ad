PROGRAMS += aob-watcher
aob-watcher_SOURCES := \
	watcher/main.c \
	watcher/idle.c \
	watcher/mac.c \
	watcher/macs.c \
	watcher/report.c \
	watcher/signal_inotify.c \
	watcher/signal_openfiles.c \
	watcher/source.c \
	watcher/source_hold.c \
	watcher/source_signals.c
aob-watcher_LIBS := -lczmq -lzmq -lyaml -ljansson -lexpat
