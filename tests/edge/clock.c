/* A wall clock that a test sets: loaded before libc, it adds the seconds in the file CLOCK_AHEAD to the time of day.
   Monotonic clocks, by which programs wait, go on as they are, as they do when a device's clock is set. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

static long ahead_s(void) {
    const char *path = getenv("CLOCK_AHEAD");
    FILE *file = path ? fopen(path, "r") : NULL;
    long ahead = 0;
    if (file) {
        if (fscanf(file, "%ld", &ahead) != 1)
            ahead = 0;
        fclose(file);
    }
    return ahead;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    static int (*really)(clockid_t, struct timespec *);
    if (!really)
        really = dlsym(RTLD_NEXT, "clock_gettime");
    int failed = really(clock, now);
    if (!failed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        now->tv_sec += ahead_s();
    return failed;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    struct timespec exact;
    (void)zone;
    int failed = clock_gettime(CLOCK_REALTIME, &exact);
    if (!failed) {
        now->tv_sec = exact.tv_sec;
        now->tv_usec = exact.tv_nsec / 1000;
    }
    return failed;
}

time_t time(time_t *told) {
    struct timespec exact;
    clock_gettime(CLOCK_REALTIME, &exact);
    if (told)
        *told = exact.tv_sec;
    return exact.tv_sec;
}
