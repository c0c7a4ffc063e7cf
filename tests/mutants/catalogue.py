"""The mutants. docs/explanation/how-we-test.md lists them; tests/docs/test_mutants.py keeps both in step."""

from tests.mutants.mutant import Mutant

LOOP, SUPERVISOR = "edge_agent/runtime/loop.py", "edge_agent/runtime/supervisor.py"
PUBLISHER, RETAINED = "edge_agent/runtime/publisher.py", "edge_agent/runtime/retained.py"
DECIDE, CORE = "edge_agent/core/decide", "edge_agent/core"
ADAPTERS = "edge_agent/adapters"


def tests_of(file: str, *names: str) -> tuple[str, ...]:
    """Tests of one file below `tests/`, as pytest names them."""
    return tuple(f"tests/{file}::{name}" for name in names)


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
        "    _advance(state, event, event.station_id).unit = event.unit\n",
        "    hand = _advance(state, event, event.station_id)\n    hand.unit = event.unit\n"
        "    state.line(ev.LineRef(hand.task_id, hand.line_id)).units.append(event.unit)\n",
        tests_of("core/test_scans.py", "test_a_unit_counts_only_when_the_picker_reports_it_placed"),
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

OUTSIDE = (
    Mutant(
        "cursor_stands_still",
        7,
        "a restart tells everything again, from the beginning",
        PUBLISHER,
        "                self._journal.move_cursor(CURSOR, told)\n",
        "",
        tests_of("runtime/test_publisher.py", "test_a_restart_goes_on_where_the_last_run_stopped"),
    ),
    Mutant(
        "cursor_before_puback",
        7,
        "what the broker has not acknowledged counts as told",
        PUBLISHER,
        "                window.add(position, self._publish(recorded))\n",
        "                window.add(position, self._publish(recorded))\n"
        "                self._journal.move_cursor(CURSOR, position)\n",
        tests_of("runtime/test_publisher.py", "test_the_cursor_never_passes_what_was_not_acknowledged"),
    ),
    Mutant(
        "refused_confirmation_dropped",
        7,
        "a confirmation that the broker refuses is passed over",
        PUBLISHER,
        "                done.result()\n",
        "                done.exception()\n",
        tests_of(
            "runtime/test_publisher.py",
            "test_what_was_acknowledged_before_a_refusal_counts_although_both_come_at_once",
        ),
    ),
    Mutant(
        "tasks_on_a_full_disk",
        8,
        "tasks are accepted below the disk reserve",
        f"{DECIDE}/intake.py",
        "    if state.disk_low:\n",
        "    if state.disk_low and not task:\n",
        tests_of("core/test_disk.py", "test_below_the_reserve_a_new_task_is_refused_with_a_reason"),
    ),
    Mutant(
        "no_receive_maximum",
        8,
        "the broker may have any number of tasks under way to the agent",
        f"{ADAPTERS}/mqtt_connection.py",
        "        properties.ReceiveMaximum = options.receive_maximum\n",
        "",
        tests_of("adapters/test_mqtt.py", "test_no_more_messages_come_than_we_take_unacknowledged"),
    ),
    Mutant(
        "any_certificate_will_do",
        9,
        "a broker that nobody vouches for is spoken to",
        f"{ADAPTERS}/mqtt.py",
        "    tls = ssl.create_default_context() if options.tls is not None else None\n",
        "    tls = ssl._create_unverified_context() if options.tls is not None else None\n",
        tests_of("adapters/test_mqtt_refusals.py", "test_a_broker_that_nobody_vouches_for_is_not_spoken_to"),
    ),
    Mutant(
        "one_send_at_a_time",
        10,
        "a mute device keeps every other one waiting",
        SUPERVISOR,
        "        answer = await self._device.send(command)\n",
        "        async with globals().setdefault('one_at_a_time', asyncio.Lock()):\n"
        "            answer = await self._device.send(command)\n",
        tests_of("runtime/test_mute_device.py", "test_a_mute_device_keeps_no_other_waiting"),
    ),
    Mutant(
        "waits_without_a_reason",
        11,
        "a task that waits for a station does not say why",
        f"{CORE}/why.py",
        "        if isinstance(place, Wait):\n            yield place\n",
        "        if isinstance(place, Wait):\n            pass\n",
        tests_of("core/test_why.py", "test_there_is_an_answer_for_every_open_task_at_every_moment"),
    ),
    Mutant(
        "waits_on_the_wall_clock",
        1,
        "a step of the wall clock moves the agent's own clock, and with it every wait",
        f"{ADAPTERS}/clock.py",
        "        return Instant(self._wall(), time.monotonic() - self._zero_s)\n",
        "        wall = self._wall()\n        began = time.time() - time.monotonic() + self._zero_s\n"
        "        return Instant(wall, wall.timestamp() - began)\n",
        tests_of(
            "adapters/test_clock.py", "test_a_step_of_the_wall_clock_shows_in_time_stamps_and_nowhere_else"
        ),
    ),
)

MUTANTS: tuple[Mutant, ...] = (*DURABLE, *AT_MOST_ONCE, *FLOOR, *OUTSIDE)
