/* cmd_plan.c - what explain would run. */
#include <string.h>

#include "engine/data/background.h"
#include "engine/plan/plan.h"
#include "host/cli/commands.h"
#include "host/cli/session.h"

static apo_status print_json(const apo_session *session, const apo_plan *plan, apo_error *err) {
  const apo_options *o = session->options;
  // The covers of the trees stand for absent columns there.
  const apo_background *background =
      apo_plan_method(plan) != APO_METHOD_PATH ? session->background : NULL;
  apo_json_out json = apo_json_out_start();
  cJSON *root = json.root;
  apo_json_out_text(&json, root, "schema", "plan/1");
  apo_json_out_text(&json, root, "method", apo_method_text(apo_plan_method(plan)));
  apo_json_out_text(&json, root, "index", apo_option_text(o, APO_OPT_INDEX));
  apo_json_out_flag(&json, root, "interactions", apo_option_flag(o, APO_OPT_INTERACTIONS));
  apo_json_out_count(&json, root, "players", apo_plan_n_players(plan));
  apo_json_out_count(&json, root, "outputs", session->info.n_outputs);
  apo_json_out_text(&json, root, "device", apo_devices_text(session->devices));
  apo_json_out_text(&json, root, "model_digest", session->info.digest);
  apo_json_out_text(&json, root, "background_digest",
                    background != NULL ? apo_background_digest(background) : NULL);
  apo_json_out_text(&json, root, "text", apo_plan_text(plan));
  const apo_status status = apo_json_out_print(&json, stdout, err);
  apo_json_out_clear(&json);
  return status;
}

static apo_status plan_rows(apo_session *session, apo_plan **plan, apo_error *err) {
  const apo_options *o = session->options;
  const char *const tables[] = {
      apo_option_text(o, APO_OPT_DATA), apo_option_text(o, APO_OPT_BACKGROUND),
      apo_option_text(o, APO_OPT_BACKGROUND_WEIGHTS), apo_option_text(o, APO_OPT_TARGET)};
  apo_request request;
  APO_TRY(apo_check_one_stdin(tables, 4, err));
  APO_TRY(apo_session_open_model(session, err));
  if (tables[0] != NULL) APO_TRY(apo_session_open_data(session, err));
  APO_TRY(apo_session_open_players(session, err));
  APO_TRY(apo_session_open_background(session, err));
  APO_TRY(apo_session_open_target(session, err));
  APO_TRY(apo_session_request(session, &request, err));
  APO_TRY(apo_session_open_devices(session, err));
  APO_TRY(
      apo_plan_create(session->model, session->background, &request, session->devices, plan, err));
  session->side = APO_SIDE_OUTPUT;
  if (apo_option_flag(o, APO_OPT_JSON)) return print_json(session, *plan, err);
  const char *text = apo_plan_text(*plan);
  const size_t n = strlen(text);
  printf("%s%s", text, n > 0 && text[n - 1] == '\n' ? "" : "\n");
  return APO_OK;
}

int apo_cmd_plan(const apo_options *options) {
  apo_session session = apo_session_start(options);
  apo_plan *plan = NULL;
  apo_error err;
  const apo_status status = plan_rows(&session, &plan, &err);
  const int code = status == APO_OK ? APO_EXIT_DONE : apo_session_fail(&session, &err);
  apo_plan_destroy(&plan);
  apo_session_close(&session);
  return code;
}
