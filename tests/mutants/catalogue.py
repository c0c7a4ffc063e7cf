"""The mutants. docs/explanation/how-we-test.md lists them; tests/docs/test_mutants.py keeps both in step."""

from tests.mutants.mutant import ADAPTERS, CORE, DECIDE, LOOP, RETAINED, SUPERVISOR, Mutant, tests_of
from tests.mutants.outside import OUTSIDE

DURABLE = (
    Mutant(
        "act_before_commit",
        1,
        "commands go out while their event is on its way to the disk",
        LOOP,
        "            await self._commit(records)\n",
        "            self._act(records)\n            await self._commit(records)\n",
        tests_of(
            "runtime/test_loop.py", "test_nothing_is_acted_on_or_acknowledged_before_the_append_has_returned"
        ),
    ),
    Mutant(
        "journal_error_swallowed",
        1,
        "the loop goes on when the journal could not be written",
        LOOP,
        "        await self._journal.append(records)\n",
        "        try:\n            await self._journal.append(records)\n"
        "        except Exception:\n            log.exception('not_written')\n",
        tests_of("runtime/test_loop.py", "test_nobody_is_shown_a_state_whose_commit_has_failed"),
    ),
    Mutant(
        "journal_goes_on_behind_a_gap",
        1,
        "after a failed write the journal takes the next batch",
        f"{ADAPTERS}/journal_writer.py",
        "        if self._failure is not None:\n            raise JournalError(self._failure)\n",
        "",
        tests_of(
            "adapters/test_journal.py",
            "test_after_a_failed_commit_nothing_more_is_taken",
            "test_a_batch_behind_a_failed_one_is_not_stored",
        ),
    ),
    Mutant(
        "append_returns_before_the_disk",
        1,
        "the journal says that a batch is stored before it is",
        f"{ADAPTERS}/journal.py",
        "        await self._threads.write(lambda: self._writer.write(rows, moved))\n",
        "        self._threads.write_later(lambda: self._writer.write(rows, moved))\n",
        tests_of("adapters/test_journal.py", "test_a_failed_commit_stores_nothing_of_its_batch"),
    ),
    Mutant(
        "chain_not_checked",
        1,
        "a start reads a damaged event as if it were right",
        f"{ADAPTERS}/journal_reader.py",
        '            if row["chain"] != chain:\n',
        '            if row["chain"] is None:\n',
        tests_of("adapters/test_journal_verify.py", "test_a_damaged_event_is_never_read_as_if_it_were_right"),
    ),
    Mutant(
        "states_shown_during_a_commit",
        1,
        "a new connection is shown what is not durable yet",
        RETAINED,
        "        self._views.when_durable(call)\n",
        "        call()\n",
        tests_of("runtime/test_retained.py", "test_a_new_connection_shows_nothing_of_a_commit_under_way"),
    ),
    Mutant(
        "puback_on_arrival",
        2,
        "a task is acknowledged to the broker as soon as it has come",
        f"{ADAPTERS}/intake.py",
        "            self._put(what, acknowledge_durable)\n",
        "            acknowledge()\n            self._put(what, lambda: None)\n",
        tests_of(
            "adapters/test_intake.py",
            "test_a_message_is_acknowledged_when_what_follows_from_it_is_durable_and_not_before",
        ),
    ),
    Mutant(
        "inputs_acknowledged_before_commit",
        2,
        "the loop acknowledges what it has decided and not stored",
        LOOP,
        "            await self._commit(records)\n",
        "            for entry in entries:\n                entry.on_durable and entry.on_durable()\n"
        "            await self._commit(records)\n",
        tests_of(
            "runtime/test_loop.py", "test_nothing_is_acted_on_or_acknowledged_before_the_append_has_returned"
        ),
    ),
    Mutant(
        "report_acknowledged_on_arrival",
        2,
        "a device may forget an end that is not in the journal",
        SUPERVISOR,
        "            self._put(what, lambda: work.put_nowait(report))\n",
        "            self._put(what)\n            work.put_nowait(report)\n",
        tests_of("runtime/test_supervisor.py", "test_a_report_is_acknowledged_only_when_it_is_durable"),
    ),
)

AT_MOST_ONCE = (
    Mutant(
        "resend_on_time_out",
        3,
        "a command that takes too long is sent again",
        SUPERVISOR,
        "                self._work.put_nowait(_Overdue(self._open[command_id]))\n",
        "                self._work.put_nowait(self._open[command_id])\n",
        tests_of("runtime/test_supervisor.py", "test_an_overdue_command_is_asked_about_and_never_sent_again"),
    ),
    Mutant(
        "modbus_repeats_writes",
        3,
        "the Modbus library writes again where no answer came",
        "drivers/links/modbus.py",
        "            timeout=self._timeout_s + _SLACK_S,\n            retries=0,\n",
        "            timeout=self._timeout_s / 3,\n            retries=3,\n",
        tests_of("drivers/test_mailbox.py", "test_a_write_without_an_answer_is_not_repeated"),
    ),
    Mutant(
        "no_reconciliation",
        3,
        "what was open is sent again on a new connection, and nobody asks",
        SUPERVISOR,
        "list(self._open.values()):\n            await self._reconcile(command)\n",
        "list(self._open.values()):\n            await self._send(command)\n",
        tests_of(
            "runtime/test_supervisor.py",
            "test_a_device_that_lost_its_memory_leaves_the_outcome_unknown",
            "test_a_command_that_was_accepted_and_is_not_known_any_more_is_never_sent_again",
        ),
    ),
    Mutant(
        "accepted_and_forgotten_is_not_started",
        3,
        "a command that the device has accepted and does not know any more is sent again",
        SUPERVISOR,
        "            case NotStarted() if command.command_id in self._accepted:\n",
        "            case NotStarted() if not command:\n",
        tests_of(
            "runtime/test_supervisor.py",
            "test_a_device_that_forgets_an_accepted_command_between_two_links_is_not_told_again",
        ),
    ),
    Mutant(
        "another_epoch_counts_as_not_started",
        3,
        "a device that has lost its memory is believed when it knows no command",
        "drivers/handshakes/mailbox.py",
        "        if status.epoch != epoch:\n            return Unknown",
        "        if False:\n            return Unknown",
        tests_of(
            "drivers/test_mailbox.py", "test_a_command_that_another_boot_epoch_does_not_know_is_unknown"
        ),
    ),
    Mutant(
        "unknown_counts_as_done",
        4,
        "an outcome that nobody knows is taken for a good one",
        f"{DECIDE}/commands.py",
        "    match outcome:\n        case Done(report):\n",
        "    if isinstance(outcome, Unknown):\n        outcome = Done()\n"
        "    match outcome:\n        case Done(report):\n",
        tests_of(
            "core/test_exceptions.py", "test_a_command_whose_end_nobody_knows_is_held_and_never_given_again"
        ),
    ),
)

FLOOR = (
    Mutant(
        "place_before_verification",
        5,
        "a gripped unit is placed without a scan",
        f"{CORE}/stations.py",
        "        case UnitPhase.GRIPPED:\n",
        "        case UnitPhase.GRIPPED if scanner is not None and scanner == '':\n",
        tests_of("core/test_scans.py", "test_nothing_is_placed_before_the_item_was_identified"),
    ),
    Mutant(
        "another_item_passes",
        5,
        "the scan of another GTIN lets the unit pass",
        f"{CORE}/verification/items.py",
        "        if gtin == self.gtin:\n            return 1\n",
        "        if gtin:\n            return 1\n",
        tests_of("core/test_scans.py", "test_a_known_other_item_is_put_back_and_picked_again")
        + tests_of("core/verification/test_rules.py", "test_a_rule_fires_where_it_must"),
    ),
    Mutant(
        "counted_when_verified",
        5,
        "a unit counts before the picker has reported it placed",
        f"{CORE}/evolve/units.py",
        "    take(state, event.unit, hand.task_id)\n",
        "    take(state, event.unit, hand.task_id)\n"
        "    state.line(ev.LineRef(hand.task_id, hand.line_id)).units.append(event.unit)\n",
        tests_of("core/test_scans.py", "test_a_unit_counts_only_when_the_picker_reports_it_placed"),
    ),
    Mutant(
        "told_before_weighed",
        5,
        "a line is told as picked before its container was weighed",
        f"{DECIDE}/commands.py",
        "    if line.remaining == 0 and not task.unweighed:\n",
        "    if line.remaining == 0:\n",
        tests_of("core/test_scales.py", "test_a_line_is_confirmed_only_after_its_container_weighs_so"),
    ),
    Mutant(
        "old_weight_counts",
        5,
        "what a scale answers to an older question counts for the unit in hand",
        "drivers/scale.py",
        "        if owes_answer and not await self._cancel():\n",
        "        if False:\n",
        tests_of(
            "drivers/test_scale.py",
            "test_the_answer_to_a_question_before_is_not_taken_for_the_next_ones",
        ),
    ),
    Mutant(
        "wrong_scan_ends_the_pick",
        5,
        "whatever a person scans counts as the unit that was asked for",
        f"{DECIDE}/scans.py",
        "        yield from _call_for_help(state, station, verdict)\n        return\n",
        "        yield from _call_for_help(state, station, verdict)\n"
        "        verdict = ItemPassed(verdict.rule, Gtin(verdict.expected), None, None, None)\n",
        tests_of(
            "core/test_operator_station.py", "test_a_rejected_scan_changes_nothing_and_the_prompt_says_why"
        ),
    ),
    Mutant(
        "override_covers_any_value",
        5,
        "an override lets every value pass that the rule rejects",
        f"{CORE}/verification/items.py",
        "    covered = (rejected.rule.value, rejected.scanned) in expected.overrides\n",
        "    covered = bool(expected.overrides)\n",
        tests_of(
            "core/test_overrides.py", "test_another_value_is_not_covered", "test_another_rule_is_not_covered"
        ),
    ),
    Mutant(
        "one_person_approves",
        5,
        "who asks for an approval may give it",
        f"{DECIDE}/contradictions.py",
        "    if approver.name == actor.name:\n",
        "    if not approver.name:\n",
        tests_of("core/test_overrides.py", "test_nobody_overrides_alone_or_without_a_reason"),
    ),
    Mutant(
        "late_answer_meets_the_next_prompt",
        6,
        "an answer that was given twice counts for the prompt behind it",
        f"{DECIDE}/station_answers.py",
        "    if answer.step is not None and answer.step != state.stations[station_id].step:\n",
        "    if answer.step is not None and answer.step < 0:\n",
        tests_of("core/test_station_answers.py", "test_an_answer_that_comes_twice_counts_once"),
    ),
    Mutant(
        "serial_forgotten_with_its_task",
        5,
        "a serial number is free again when its task has been completed",
        f"{CORE}/serials.py",
        "        if shipped:\n",
        "        if False:\n",
        tests_of("core/test_serials.py", "test_a_serial_number_of_a_completed_task_is_refused_in_the_next"),
    ),
    Mutant(
        "reread_counts",
        5,
        "a label that stays in view passes the next unit too",
        f"{CORE}/rereads.py",
        "    if reread(last, codes, now.clock_s, serial=False) is None:\n",
        "    if last is not None:\n",
        tests_of(
            "core/test_rereads.py",
            "test_a_scanner_that_nobody_triggers_does_not_pass_the_next_unit_with_the_label_of_the_last",
        ),
    ),
    Mutant(
        "put_position_free_too_early",
        6,
        "a put position is given to another task while a moved container still stands on it",
        f"{CORE}/containers.py",
        "    if task.container_at is not None and not gone:\n",
        "    if task.container_at is not None and gone:\n",
        tests_of(
            "core/policy/test_other_station.py",
            "test_the_put_position_is_free_for_another_task_only_when_the_container_has_left_it",
        ),
    ),
    Mutant(
        "ended_command_ends_again",
        6,
        "the second report of an end counts like the first",
        f"{CORE}/evolve/commands.py",
        "    del state.commands[event.command_id]\n",
        "",
        tests_of("core/test_commands.py", "test_a_repeated_report_has_no_effect"),
    ),
    Mutant(
        "unit_counted_twice",
        6,
        "one placed unit counts as two",
        f"{CORE}/evolve/units.py",
        "    line.units.append(event.unit)\n",
        "    line.units += [event.unit, event.unit]\n",
        tests_of("core/test_cancel.py", "test_the_unit_in_hand_is_finished_and_counts"),
    ),
    Mutant(
        "cancel_loses_the_unit_in_hand",
        6,
        "a cancel ends the line whose unit the picker holds",
        f"{CORE}/tasks.py",
        "            if not in_hand(state, task_id, line.line.line_id):\n",
        "            if task_id:\n",
        tests_of("core/test_cancel.py", "test_the_unit_in_hand_is_finished_and_counts"),
    ),
    Mutant(
        "stop_gives_new_commands",
        12,
        "an agent that is stopping goes on giving orders",
        f"{CORE}/wait.py",
        "    if state.draining:\n",
        "    if state.draining and not device_id:\n",
        tests_of(
            "core/test_draining.py", "test_while_draining_no_command_is_given_and_what_is_under_way_ends"
        ),
    ),
    Mutant(
        "orders_to_a_stopped_device",
        12,
        "a device that is e-stopped or in manual mode gets orders",
        f"{CORE}/wait.py",
        "    if mode is not Mode.READY:\n        return Wait(",
        "    if mode is Mode.DISCONNECTED:\n        return Wait(",
        tests_of("core/test_commands.py", "test_a_device_that_is_not_ready_gets_no_command_until_it_is"),
    ),
)

MUTANTS: tuple[Mutant, ...] = (*DURABLE, *AT_MOST_ONCE, *FLOOR, *OUTSIDE)
