/* main.c - the tool begins here; everything it does is in commands.c. */
#include "host/cli/commands.h"

int main(int argc, char **argv) {
  return apo_cli_main(argc, argv);
}
