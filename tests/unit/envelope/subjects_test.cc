#include "envelope/subjects.h"

#include <gtest/gtest.h>

#include "base/token.h"

namespace lyceum::envelope {
namespace {

constexpr char kNoToken[] =
    "the user is not a subject token: use [A-Za-z0-9_-]{1,64}, or ~ and base64url of its UTF-8, "
    "without padding, 128 characters at most";

const UserId kAna("ana");

TEST(Subjects, AreSpeltAsInTheContract) {
  const Subjects subjects("lyceum", 16);
  const uint32_t pp = PartitionOf("ana", 16);
  const std::string p = std::to_string(pp);
  EXPECT_EQ(subjects.PartitionOf(kAna), pp);
  EXPECT_EQ(subjects.In(RecordClass::kUser, kAna), "lyceum.in.user.ana");
  EXPECT_EQ(subjects.In(RecordClass::kAdmin, kAna), "lyceum.in.admin.ana");
  EXPECT_EQ(subjects.In(RecordClass::kTool, kAna), "lyceum.in.tool.ana");
  EXPECT_EQ(subjects.In(RecordClass::kTimer, kAna), "lyceum.in.timer.ana");
  EXPECT_EQ(subjects.In(RecordClass::kTeacher, kAna), "lyceum.in.teacher.ana");
  EXPECT_EQ(subjects.DraftOf(CourseId("algebra"), kAna), "lyceum.draft.algebra.ana");
  EXPECT_EQ(subjects.DraftOf(CourseId("a b"), kAna), "lyceum.draft.~YSBi.ana");
  EXPECT_EQ(subjects.DraftOf(CourseId(std::string(128, ' ')), kAna), "lyceum.draft.-.ana");
  EXPECT_EQ(subjects.Drafts(CourseId("algebra")), "lyceum.draft.algebra.*");
  EXPECT_EQ(subjects.Drafts(CourseId()), "lyceum.draft.*.*");
  EXPECT_EQ(subjects.Log(3, RecordClass::kTool, kAna), "lyceum.p.3.tool.ana");
  EXPECT_EQ(subjects.LogStream(12), "LYCEUM_P12");
  EXPECT_EQ(subjects.LogSubjects(3), "lyceum.p.3.*.*");
  EXPECT_EQ(subjects.LogFilter(kAna), "lyceum.p." + p + ".*.ana");
  EXPECT_EQ(subjects.ToolRequests("give_hint"), "lyceum.tool.give_hint");
  EXPECT_EQ(subjects.ToolRequestsTo("give_hint", "t1"), "lyceum.tool.give_hint.t1");
  EXPECT_EQ(subjects.WorkerHeartbeat("w1"), "lyceum.worker.w1");
  EXPECT_EQ(subjects.AllWorkerHeartbeats(), "lyceum.worker.*");
  EXPECT_EQ(subjects.Barrier(3, "w1"), "lyceum.p.3.barrier.w1");
  EXPECT_EQ(subjects.Heartbeat("t1"), "lyceum.toolworker.t1");
  EXPECT_EQ(subjects.AllHeartbeats(), "lyceum.toolworker.*");
  EXPECT_EQ(subjects.ToolControl("t1"), "lyceum.toolctl.t1");
  EXPECT_EQ(subjects.Out(ClientId("c1")), "lyceum.out.c1");
  EXPECT_EQ(subjects.Gateway("g1"), "lyceum.gateway.g1");
  EXPECT_EQ(subjects.QueryOf(kAna), "lyceum.query.ana");
  EXPECT_EQ(subjects.Queries(3), "lyceum.q.3.*");
  EXPECT_EQ(subjects.DeadLetterOf(3, kAna), "lyceum.dlq.3.ana");
  EXPECT_EQ(subjects.DeadLetters(), "lyceum.dlq.*.*");
  EXPECT_EQ(subjects.DeadLetterStream(), "LYCEUM_DLQ");
  EXPECT_EQ(subjects.SnapshotFile(3, 17), "lyceum.snapshot.3.17");
  EXPECT_EQ(subjects.SnapshotManifest(3), "lyceum.snapshot.3.manifest");
  EXPECT_EQ(subjects.Snapshots(), "lyceum.snapshot.*.*");
  EXPECT_EQ(subjects.SnapshotStream(), "LYCEUM_SNAPSHOTS");
  EXPECT_EQ(subjects.ClusterBucket(), "lyceum_cluster");
  EXPECT_EQ(subjects.PartitionCommands(3), "lyceum.partition.3");
  EXPECT_EQ(subjects.Barriers(3), "lyceum.p.3.barrier.*");
  EXPECT_EQ(subjects.CourseBucket(), "lyceum_courses");
}

TEST(Subjects, StreamsAndBucketsOfADottedPrefixHaveNoDots) {
  const Subjects subjects("school.North-1", 4);
  EXPECT_EQ(subjects.In(RecordClass::kUser, kAna), "school.North-1.in.user.ana");
  EXPECT_EQ(subjects.LogStream(3), "SCHOOL_NORTH-1_P3");
  EXPECT_EQ(subjects.CourseBucket(), "school_North-1_courses");
}

TEST(Subjects, PrefixesAreChecked) {
  for (const std::string good : {"lyceum", "a.b-c.D_4", "x"}) {
    EXPECT_TRUE(Subjects::CheckPrefix(good)) << good;
  }
  for (const std::string wrong :
       {"", ".", "a.", ".a", "a..b", "a b", "a*", ">", "a\r\n", "\xC3\xA9"}) {
    const auto checked = Subjects::CheckPrefix(wrong);
    ASSERT_FALSE(checked) << wrong;
    EXPECT_EQ(checked.error().text,
              "prefix: use tokens of [A-Za-z0-9_-] with dots between, 64 characters at most");
  }
  EXPECT_FALSE(Subjects::CheckPrefix(std::string(65, 'a')));
}

TEST(Subjects, LogSubjectsAreTakenApart) {
  const Subjects subjects("a.b", 16);
  for (const RecordClass record_class :
       {RecordClass::kUser, RecordClass::kAdmin, RecordClass::kTool, RecordClass::kTimer,
        RecordClass::kTeacher}) {
    for (const uint32_t partition : {0u, 9u, 15u}) {
      const auto parts = subjects.ParseLog(subjects.Log(partition, record_class, UserId("~YS5i")));
      ASSERT_TRUE(parts) << parts.error().text;
      EXPECT_EQ(parts->partition, partition);
      EXPECT_EQ(parts->record_class, record_class);
      EXPECT_EQ(parts->user.value, "~YS5i");
    }
  }
}

TEST(Subjects, WhatIsNoLogSubjectIsRefused) {
  const Subjects subjects("lyceum", 16);
  const std::string tail = "subject: not lyceum.p.<partition>.<class>.<user>: ";
  const std::pair<std::string, std::string> wrong[] = {
      {"", "another prefix or count of tokens"},
      {"lyceum", "another prefix or count of tokens"},
      {"lyceum.p.3.user", "another prefix or count of tokens"},
      {"lyceum.p.3.user.ana.x", "another prefix or count of tokens"},
      {"lyceums.p.3.user.ana", "another prefix or count of tokens"},
      {"other.p.3.user.ana", "another prefix or count of tokens"},
      {"lyceum.q.3.user.ana", "another prefix or count of tokens"},
      {"lyceum.p.03.user.ana", "the partition is a decimal below 16 without leading zeros"},
      {"lyceum.p.16.user.ana", "the partition is a decimal below 16 without leading zeros"},
      {"lyceum.p.-1.user.ana", "the partition is a decimal below 16 without leading zeros"},
      {"lyceum.p.+1.user.ana", "the partition is a decimal below 16 without leading zeros"},
      {"lyceum.p..user.ana", "the partition is a decimal below 16 without leading zeros"},
      {"lyceum.p.1x.user.ana", "the partition is a decimal below 16 without leading zeros"},
      {"lyceum.p.99999999999.user.ana",
       "the partition is a decimal below 16 without leading zeros"},
      {"lyceum.p.3.User.ana", "the class is one of user, admin, tool, timer, barrier"},
      {"lyceum.p.3..ana", "the class is one of user, admin, tool, timer, barrier"},
      {"lyceum.p.3.user.", kNoToken},
      {"lyceum.p.3.user.a b", kNoToken},
      {"lyceum.p.3.user.*", kNoToken},
  };
  for (const auto& [subject, why] : wrong) {
    const auto parts = subjects.ParseLog(subject);
    ASSERT_FALSE(parts) << subject;
    EXPECT_EQ(parts.error().text, tail + why) << subject;
    EXPECT_EQ(parts.error().fault, Fault::kReject);
  }
}

TEST(Subjects, QueriesAreTakenApart) {
  const Subjects subjects("lyceum", 16);
  const std::string p = std::to_string(PartitionOf("ana", 16));
  EXPECT_EQ(subjects.ParseQuery("lyceum.q." + p + ".ana")->value, "ana");
  const std::string other = std::to_string((PartitionOf("ana", 16) + 1) % 16);
  EXPECT_EQ(subjects.ParseQuery("lyceum.q." + other + ".ana").error().text,
            "subject: not lyceum.q.<partition>.<user>: the user belongs to another partition");
  EXPECT_FALSE(subjects.ParseQuery("lyceum.query.ana"));
  EXPECT_FALSE(subjects.ParseQuery("lyceum.q." + p + ".a*"));
  EXPECT_FALSE(subjects.ParseQuery("lyceum.q.x.ana"));
}

TEST(Subjects, AreAppended) {
  const Subjects subjects("a.b", 16);
  std::string subject = "x";
  subjects.AppendOut(&subject, "c1");
  EXPECT_EQ(subject, "x" + subjects.Out(ClientId("c1")));
  subject.clear();
  subjects.AppendIn(&subject, RecordClass::kTool, "ana");
  EXPECT_EQ(subject, subjects.In(RecordClass::kTool, kAna));
  EXPECT_EQ(subjects.PartitionOf(std::string_view("ana")), subjects.PartitionOf(kAna));
}

TEST(Subjects, WhomToForgetIsOfItsPartitionAlone) {
  const Subjects subjects;
  const std::string forget = subjects.Forget(9, "a1b2");
  EXPECT_EQ(forget, "lyceum.p.9.forget.a1b2");
  EXPECT_EQ(subjects.Forgets(9), "lyceum.p.9.forget.*");
  const auto parts = subjects.ParseLogFast(forget);
  ASSERT_TRUE(parts);
  EXPECT_EQ(parts->record_class, RecordClass::kForget);
  EXPECT_TRUE(parts->of_partition());
  EXPECT_EQ(parts->user, "a1b2");
  EXPECT_FALSE(subjects.ParseLog(forget));
  EXPECT_EQ(subjects.LogFilterIn(9, kAna), "lyceum.p.9.*.ana");
}

TEST(Subjects, ABarrierIsOfItsPartitionAlone) {
  const Subjects subjects("lyceum", 16);
  const std::string barrier = subjects.Barrier(9, "w1");
  const auto parts = subjects.ParseLogFast(barrier);
  ASSERT_TRUE(parts) << parts.error().text;
  EXPECT_EQ(parts->partition, 9u);
  EXPECT_EQ(parts->record_class, RecordClass::kBarrier);
  EXPECT_EQ(parts->user, "w1");
  EXPECT_FALSE(subjects.ParseLog(barrier));
}

TEST(Subjects, ToolRepliesAreTakenApart) {
  std::string subject;
  AppendToolReply(&subject, "_INBOX.x7", "3-17-1", 42);
  EXPECT_EQ(subject, "_INBOX.x7.3-17-1.42");
  const auto reply = ParseToolReply(subject, "_INBOX.x7");
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->call, "3-17-1");
  EXPECT_EQ(reply->send, 42u);
  for (const std::string wrong :
       {"_INBOX.x7", "_INBOX.x7.", "_INBOX.x7.3-17-1", "_INBOX.x7.3-17-1.", "_INBOX.x7.3-17-1.4x",
        "_INBOX.x7.3-17-1.-4", "_INBOX.x7.3-17-1.4.5", "_INBOX.x7..4", "_INBOX.x8.3-17-1.4",
        "_INBOX.x7y.3-17-1.4", "_INBOX.x7.3-17-1.99999999999999999999"}) {
    EXPECT_FALSE(ParseToolReply(wrong, "_INBOX.x7")) << wrong;
  }
}

// Whatever a gateway's ids are, what reaches NATS is one token.
TEST(Subjects, StrangeIdsBecomeOneToken) {
  const Subjects subjects("lyceum", 16);
  for (const std::string id :
       {"a.b", "*", ">", "a b", "x\r\nPUB lyceum.in.admin.x 0\r\n\r\n", "\xF0\x9F\xA6\x89"}) {
    const auto token = ToToken(id);
    ASSERT_TRUE(token);
    const UserId user(*token);
    const std::string subject = subjects.Log(subjects.PartitionOf(user), RecordClass::kUser, user);
    EXPECT_EQ(std::count(subject.begin(), subject.end(), '.'), 4) << subject;
    EXPECT_EQ(subject.find_first_of(" \r\n*>"), std::string::npos) << subject;
    EXPECT_EQ(*FromToken(subjects.ParseLog(subject)->user.value), id);
  }
}

TEST(SubjectsDeathTest, AnIdThatIsNoTokenIsAProgrammersError) {
  const Subjects subjects("lyceum", 16);
  EXPECT_DEATH((void)subjects.In(RecordClass::kUser, UserId("a.b")), "CHECK failed");
  EXPECT_DEATH((void)subjects.Out(ClientId("x\r\n")), "CHECK failed");
  EXPECT_DEATH((void)subjects.LogStream(16), "CHECK failed");
  EXPECT_DEATH(Subjects("a b", 16), "CHECK failed");
  EXPECT_DEATH(Subjects("lyceum", 0), "CHECK failed");
}

}  // namespace
}  // namespace lyceum::envelope
