#pragma once
/* What is left to do of a LaML document when its call ends. */

struct script;

/** The call is over in the middle of a Record, Dial or Enqueue: its action and its recording's
 * callback are told, and their answers are not run. */
void script_laml_over(struct script *script);
