/* stop.c - the only state of the tool that is not in a handle: a signal has nowhere else to go. */
#define _XOPEN_SOURCE 700  // SIGXFSZ is XSI

#include "host/cli/stop.h"

#include <signal.h>
#include <string.h>

static volatile sig_atomic_t signal_met = 0;

static void set_default(void) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = SIG_DFL;
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
}

static void on_signal(int number) {
  signal_met = number;
  set_default();
}

void apo_stop_ignore_file_limit(void) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = SIG_IGN;
  sigaction(SIGXFSZ, &action, NULL);
}

void apo_stop_install(void) {
  static const int signals[] = {SIGINT, SIGTERM};
  for (int i = 0; i < 2; ++i) {
    struct sigaction action;
    struct sigaction before;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    action.sa_flags = SA_RESTART;  // a read under way goes on; the flag is seen behind its tile
    // A shell starts background jobs with SIGINT ignored, and so it stays.
    if (sigaction(signals[i], NULL, &before) == 0 && before.sa_handler == SIG_IGN) continue;
    sigaction(signals[i], &action, NULL);
  }
}

bool apo_stop_wanted(void) {
  return signal_met != 0;
}

void apo_stop_reraise(void) {
  if (signal_met == 0) return;
  set_default();
  raise(signal_met);
}
