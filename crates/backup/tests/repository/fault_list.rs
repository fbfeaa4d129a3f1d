//! The list of faults that a backup has to stand, and the tests that show that it does.
//!
//! A test is named by its module and function where it is one of this program, and by its file and function where it is
//! another crate's (from `crates/` or `bins/` on). [`every_test_that_is_named_is_there`] keeps the tables true.
//!
//! | fault | what holds | shown by |
//! |---|---|---|
//! | `kill -9` in the middle of an upload | without a commit there is no snapshot; the next run just works, nothing has to be unlocked, and what was left is swept | `killed::a_bucket_stands_a_kill_at_every_request`, `killed::a_folder_stands_every_kill`, `s3_faults::an_upload_cut_off_by_a_kill_is_swept_later_from_its_record` |
//! | SIGTERM in the middle of an upload | the upload is aborted, within the grace period, and the exit code is not 0 | `s3_faults::an_upload_that_is_dropped_is_aborted`, `bins/windlass/tests/cli/backup.rs::a_run_that_is_told_to_end_leaves_no_snapshot_and_the_next_one_goes_on` |
//! | power cut between item, manifest and commit | every prefix of the writes is a repository that shows whole snapshots only | `prefixes::every_prefix_of_the_writes_is_a_repository`, `prefixes::the_marker_is_written_last_of_a_beginning_and_the_commit_of_a_run` |
//! | connection reset during a PUT | the same bytes are sent to the same key again | `s3_faults::a_reset_during_an_upload_is_tried_again_with_the_same_bytes` |
//! | the answer is lost after the write | read back: what is there is ours | `s3_faults::an_answer_that_is_lost_after_the_write_loses_nothing`, `s3_faults::an_answer_that_is_lost_after_a_conditional_write_is_still_ours`, `s3_faults::completion_whose_answer_is_lost_is_looked_at` |
//! | completion says 200, and an error in the body | a failure until looking shows otherwise | `s3_faults::completion_that_says_200_and_an_error_is_a_failure_until_seen_otherwise` |
//! | 403 in the middle of a run | ends at once, names operation and key id, never the secret | `s3_faults::refused_credentials_fail_at_once_and_name_the_key`, `real_servers::a_wrong_secret_is_told_without_being_shown` |
//! | 503 SlowDown, 429 | waited for with jitter, `Retry-After` honoured, within a budget | `s3_faults::a_busy_server_is_waited_for`, `s3_faults::retry_after_is_honoured`, `s3_faults::a_server_that_stays_busy_ends_the_run_within_the_budget` |
//! | 507, quota spent, bucket full | told apart; nothing is deleted until a run succeeds | `s3_faults::a_full_store_is_told_apart`, `trust::deletion_stands_still_where_a_commit_cannot_be_read_or_the_last_run_failed` |
//! | black hole, slow server | limits for the first answer of all, for connecting, the first byte, and each pause | `s3_faults::the_first_answer_has_a_limit_of_its_own_within_which_it_is_tried_again`, `s3_faults::a_black_hole_is_given_up_and_tried_again`, `s3_faults::a_slow_answer_is_waited_for`, `s3_faults::nobody_at_the_address_is_an_error_within_the_budget` |
//! | a download stalls or breaks off | goes on where it was, if the object is the same | `s3_faults::a_download_that_stalls_or_breaks_off_goes_on_where_it_was`, `s3_faults::an_object_that_changes_during_a_download_is_not_mixed` |
//! | an object that was cut | not one byte of it is opened | `s3_faults::of_an_object_that_was_cut_not_one_byte_is_opened`, `trust::verification_needs_no_private_key_and_finds_every_kind_of_damage` |
//! | bit rot | the signed hash of every ciphertext; a share a day, without a key | `s3_faults::bit_rot_is_found_before_anything_is_opened`, `s3_faults::a_bit_that_flips_on_its_way_here_is_found`, `trust::shares_of_all_days_together_make_a_snapshot_verified`, `crates/recovery/tests/in_process/scheduling.rs::a_share_is_compared_each_day_whoever_runs_how_often` |
//! | the server stores chunk framing | nothing is framed; what is stored is compared | `s3_faults::nothing_sent_is_framed_and_secrets_are_in_no_error`, `real_servers::the_whole_life_on_a_server_that_ignores_conditions` |
//! | a wrong checksum is accepted | servers are not relied on | `s3_faults::a_server_that_stores_something_else_is_found_when_it_is_written` |
//! | `If-None-Match` is ignored | keys are given once; of two beginnings one has the place | `s3_faults::of_two_who_make_a_repository_one_has_it`, `real_servers::the_whole_life_on_a_server_that_ignores_conditions` |
//! | a LIST that is old, or lacks a page | nothing is deleted for not being listed; commits are asked for by key | `s3_faults::an_old_list_deletes_nothing`, `s3_faults::an_old_list_does_not_lead_to_a_second_beginning`, `s3_faults::lists_of_many_pages_are_followed`, `s3_faults::an_answer_that_is_no_s3_is_not_taken_for_success` |
//! | two runs at once | both are there; sweeping twice at once does no harm | `s3_faults::two_runs_at_once_are_both_there`, `trust::two_sweeps_and_a_run_at_once_do_no_harm` |
//! | deletion during a backup | two steps a day apart, and another look before the second | `trust::two_sweeps_and_a_run_at_once_do_no_harm`, `trust::an_item_that_is_needed_again_meanwhile_stays`, `trust::what_goes_is_said_a_day_before_and_can_be_taken_back` |
//! | a clock that is wrong | noticed; backs up, and deletes nothing | `s3_faults::a_clock_that_is_wrong_backs_up_and_says_so` |
//! | change of clocks, time zones in cron | late rather than never, and made up for once | `crates/recovery/src/schedule/cron.rs::a_time_that_is_left_out_is_late_and_one_that_comes_twice_counts_once`, `crates/recovery/src/schedule/due.rs::a_new_one_waits_and_a_missed_one_is_made_up_for_once`, `crates/recovery/tests/in_process/scheduling.rs::a_time_that_was_missed_is_made_up_for` |
//! | retention removes the last that is good | a floor in the plan and again in the sweep; what shrank by half stops deletion | `trust::the_last_that_is_verified_is_never_let_go`, `trust::what_is_found_damaged_after_the_plan_keeps_the_one_before_it`, `trust::what_shrank_is_suspicious_and_stops_deletion_until_accepted`, `crates/recovery/tests/in_process/scheduling.rs::what_shrank_stops_retention_until_somebody_accepts_it`, `trust::snapshots_that_stand_by_themselves_take_no_place_of_others_and_go_with_time`, `trust::each_host_has_its_own_last_snapshots` |
//! | mass deletion from Git or Kubernetes | no object of a cluster owns what is in a repository | `crates/recovery/tests/in_process/scheduling.rs::a_schedule_that_is_deleted_takes_no_backup_with_it`, `crates/recovery/tests/in_process/pruning.rs::what_is_pruned_is_saved_first_and_comes_back`, `crates/recovery/tests/in_process/pruning.rs::what_was_pruned_goes_by_itself_when_the_bound_is_over_and_not_before` |
//! | the wrong key | told for whom it is encrypted | `life::the_wrong_key_is_told_for_whom_it_is_encrypted` |
//! | the key is missing in the cluster | backups need public keys only | `s3_faults::nothing_sent_is_framed_and_secrets_are_in_no_error`, `crates/recovery/tests/in_process/rebuilding.rs::an_empty_cluster_a_store_and_a_key_are_enough` |
//! | one recipient is lost | each opens every snapshot alone | `life::what_was_saved_is_read_with_each_key_alone`, `trust::a_carried_item_that_new_recipients_cannot_open_is_saved_anew_as_soon_as_it_can_be`, `stock_tools::a_stranger_restores_with_stock_tools` |
//! | a commit that is forged or changed, a list rolled back | signatures, hashes, numbers, and the name of the one before | `hostile::a_commit_that_was_changed_forged_or_stripped_is_not_believed`, `hostile::a_snapshot_of_a_stranger_is_not_believed`, `hostile::a_commit_moved_to_another_place_or_repository_is_refused`, `hostile::newest_snapshots_that_were_taken_away_are_missed`, `hostile::a_snapshot_missing_from_the_middle_is_missed`, `hostile::recipients_that_a_stranger_put_into_the_marker_get_nothing` |
//! | a cluster that is not empty | plan and diff; skip, update, replace; nothing else is touched | `crates/recovery/tests/in_process/restoring.rs::what_is_there_is_left_updated_or_replaced`, `crates/recovery/tests/in_process/restoring.rs::only_what_is_wanted_is_touched_and_what_it_needs`, `crates/recovery/tests/in_process/restoring.rs::a_plan_writes_nothing_and_shows_the_fields` |
//! | Flux is running | held, data first, then let go | `crates/recovery/tests/in_process/holding.rs::a_running_namespace_is_held_with_what_made_it_and_let_go`, `crates/recovery/tests/in_process/holding.rs::nothing_is_put_under_a_bare_pod_and_the_error_says_what_to_do`, `crates/recovery/tests/in_process/rebuilding.rs::workloads_do_not_run_before_their_data_are_in_place` |
//! | a version of an API is gone | told, and can be patched or sent in another | `crates/recovery/tests/in_process/restoring.rs::a_version_that_is_gone_is_told_and_can_be_sent_in_another` |
//! | a CRD is not established yet | awaited, then what depends on it | `crates/recovery/tests/in_process/restoring.rs::an_empty_cluster_becomes_what_was_saved` |
//! | SQLite: busy, in the middle of a checkpoint, log missing, corrupt, no database | skipped with a reason; the last good one stays | `crates/capture/tests/sqlite/faults.rs::a_lock_that_is_held_too_long_is_an_error_that_may_pass`, `crates/capture/tests/sqlite/faults.rs::a_log_that_was_taken_away_is_noticed`, `crates/capture/tests/sqlite/faults.rs::a_damaged_database_is_not_captured`, `crates/capture/tests/sqlite/faults.rs::a_cut_database_is_not_captured`, `life::what_could_not_be_saved_is_carried_and_says_so` |
//! | a dump fails late | there is no such item; the last good one stands in | `sources::a_source_that_fails_late_leaves_nothing_and_the_former_version_stands_in`, `crates/capture/tests/dump.rs::a_late_failure_is_a_failure_with_what_was_said` |
//! | input of an exec is cut | nothing is streamed into containers; what is put back is compared first | `crates/capture/tests/tree/put_back.rs::a_cut_archive_changes_nothing`, `crates/capture/tests/sqlite/put_back.rs::an_image_that_is_damaged_or_another_one_changes_nothing` |
//! | no room in the scratch folder | fails that item, and leaves nothing | `sources::no_room_in_the_scratch_folder_fails_the_item_only`, `crates/capture/tests/sqlite/same_bytes.rs::nothing_is_left_in_scratch_or_beside_the_database` |
//! | paths and links that lead out, bombs, hostile manifests | refused, nothing is made outside | `crates/capture/tests/tree/hostile.rs::names_links_and_kinds_that_a_capture_never_writes_are_refused`, `crates/capture/tests/tree/hostile.rs::bombs_are_refused_by_what_they_claim`, `hostile::names_that_lead_elsewhere_are_refused`, `hostile::links_in_the_folder_are_not_followed`, `hostile::items_and_manifests_that_were_swapped_are_refused` |
//! | a format of the future | refused, with what to do | `hostile::a_commit_that_was_changed_forged_or_stripped_is_not_believed`, `crates/backup/src/inspect.rs::a_manifest_is_read_and_names_that_lead_elsewhere_are_refused` |
//! | a disk that should be mounted and is not | nothing is written, nothing is said to be gone | `folders::nothing_is_written_below_a_mount_point_that_is_empty`, `folders::a_folder_that_went_away_is_not_made_again` |
//! | object lock and versions | deleting does not fail and frees nothing that it did not; what is used again is locked as long as what needs it | `locks::where_versions_are_kept_no_space_is_said_to_be_free`, `locks::what_is_locked_stays_without_failing_the_sweep_and_goes_when_it_can`, `locks::a_server_that_only_says_it_locks_is_found_out_at_the_beginning`, `locks::a_bucket_that_wants_to_be_sure_of_every_body_gets_its_md5`, `real_servers::on_seaweedfs_snapshots_are_locked_with_all_that_they_use_and_outlive_their_deletion` |
//!
//! What it was asked to show besides:
//!
//! | to be shown | shown by |
//! |---|---|
//! | the whole life on S3 servers that differ on purpose | `real_servers::the_whole_life_on_seaweedfs`, `real_servers::the_whole_life_on_a_server_that_ignores_conditions` |
//! | cluster wiped, rebuilt, everything equal, on a real API server | `crates/recovery/tests/real_api/life.rs::a_whole_life_in_a_bucket`, `crates/recovery/tests/real_api/life.rs::a_whole_life_in_a_folder` |
//! | a rebuild that is killed anywhere goes on where it was, and replaces nothing that it did not put there | `crates/recovery/tests/in_process/continuing.rs::a_rebuild_that_is_killed_anywhere_is_taken_up_by_continue_alone`, `crates/recovery/tests/in_process/continuing.rs::what_was_put_there_and_not_noted_is_known_by_its_content`, `crates/recovery/tests/in_process/continuing.rs::what_somebody_else_put_there_is_not_replaced`, `crates/recovery/tests/in_process/continuing.rs::what_applications_wrote_since_their_data_came_back_stays` |
//! | requests and bytes of 5,000 objects | `budgets::five_thousand_objects_take_four_requests_and_an_unchanged_run_two`, `budgets::another_process_with_a_cache_takes_two_requests_and_without_one_two_more`, `crates/recovery/tests/real_api/budgets.rs::five_thousand_objects_of_a_cluster_take_four_requests_and_an_unchanged_run_two` |
//! | 500 trials of SQLite | `crates/capture/tests/sqlite/trials.rs::no_copy_of_400_beside_writers_with_a_log_is_corrupt_or_stale`, `crates/capture/tests/sqlite/trials.rs::no_copy_of_100_beside_writers_with_a_rollback_journal_is_corrupt_or_stale`, `crates/capture/tests/sqlite/trials.rs::the_judge_sees_what_raw_copies_lose` |
//! | hostile snapshots | `hostile::a_commit_that_was_changed_forged_or_stripped_is_not_believed`, `crates/capture/tests/tree/hostile.rs::a_changed_archive_makes_nothing_outside` |
//!
//! CPU time and memory are measured by `benches` (`backup-beside-restic`); readers are fuzzed in `fuzz/`.

use std::fs;
use std::path::Path;

/// The tests that a row names, with the files that they are in.
fn tests_of(row: &str) -> Vec<(String, String)> {
    let cell = row.rsplit('|').nth(1).unwrap();
    let named = cell.split('`').skip(1).step_by(2);
    named
        .map(|name| {
            let (place, function) = name.rsplit_once("::").unwrap_or_else(|| panic!("{name} names no test"));
            let is_file = place.starts_with("crates/") || place.starts_with("bins/");
            let file = if is_file { place.to_owned() } else { format!("crates/backup/tests/repository/{place}.rs") };
            (file, function.to_owned())
        })
        .collect()
}

#[test]
fn every_test_that_is_named_is_there() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let rows = include_str!("fault_list.rs").lines().filter_map(|line| line.strip_prefix("//! | "));
    let rows: Vec<&str> = rows.filter(|row| !row.starts_with("fault |") && !row.starts_with("to be shown |")).collect();
    assert!(rows.len() > 40, "{} rows", rows.len());
    for row in rows {
        let tests = tests_of(row);
        assert!(!tests.is_empty(), "no test shows: {row}");
        for (file, function) in tests {
            let text = fs::read_to_string(workspace.join(&file)).unwrap_or_else(|error| panic!("{file}: {error}"));
            let attribute = ["#[test]", "#[tokio::test]", "#[tokio::test("];
            let declared = text.find(&format!("fn {function}(")).unwrap_or_else(|| panic!("{file} has no {function}"));
            let before = &text[declared.saturating_sub(120)..declared];
            assert!(attribute.iter().any(|mark| before.contains(mark)), "{function} in {file} is no test");
        }
    }
}
