/* spawn_ratio RUNS EMPTY PROGRAM [ARG...]: starts EMPTY and PROGRAM by turns, RUNS times each, and
 * prints the median wall time of each in microseconds, the median of the pairwise ratios, and the
 * largest resident memory in KiB. Linked statically, so that it adds little to what it measures:
 * a child's peak counts from before its exec. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

struct run {
  double microseconds;
  long peak_kib;
};

static char* const environment[] = {"PATH=/usr/bin:/bin", "LC_ALL=C", NULL};

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static struct run start(char* const* words, const posix_spawn_file_actions_t* silence) {
  struct rusage usage;
  pid_t pid;
  int status;
  double begun = now();
  if (posix_spawn(&pid, words[0], silence, NULL, words, environment) != 0 ||
      wait4(pid, &status, 0, &usage) != pid || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    fprintf(stderr, "spawn_ratio: %s did not succeed\n", words[0]);
    exit(1);
  }
  return (struct run){now() - begun, usage.ru_maxrss};
}

static int by_value(const void* a, const void* b) {
  double x = *(const double*)a, y = *(const double*)b;
  return (x > y) - (x < y);
}

static double median(double* values, int n) {
  qsort(values, (size_t)n, sizeof *values, by_value);
  return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

int main(int argc, char** argv) {
  int runs = argc > 3 ? atoi(argv[1]) : 0;
  if (runs < 1) {
    fprintf(stderr, "usage: spawn_ratio RUNS EMPTY PROGRAM [ARG...]\n");
    return 2;
  }
  posix_spawn_file_actions_t silence;
  posix_spawn_file_actions_init(&silence);
  posix_spawn_file_actions_addopen(&silence, 1, "/dev/null", O_WRONLY, 0);

  char* empty_words[] = {argv[2], NULL};
  double* empty = calloc((size_t)runs * 3, sizeof *empty);
  if (!empty) return 1;
  double *program = empty + runs, *ratio = program + runs;
  long peak = 0;
  for (int i = -5; i < runs; ++i) { /* the first five warm the caches and do not count */
    struct run a = start(empty_words, &silence);
    struct run b = start(argv + 3, &silence);
    if (i < 0) continue;
    empty[i] = a.microseconds;
    program[i] = b.microseconds;
    ratio[i] = b.microseconds / a.microseconds;
    if (b.peak_kib > peak) peak = b.peak_kib;
  }
  printf("%.0f %.0f %.2f %ld\n", median(empty, runs), median(program, runs), median(ratio, runs),
         peak);
  free(empty);
  return 0;
}
