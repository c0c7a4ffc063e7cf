"""Mutants of what faces the outside: drivers, adapters, command line."""

from tests.mutants.mutant import ADAPTERS, CORE, DECIDE, PUBLISHER, SUPERVISOR, Mutant, tests_of

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
