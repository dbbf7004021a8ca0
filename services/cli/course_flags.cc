#include "cli/course_flags.h"

#include <CLI/CLI.hpp>

namespace lyceum::cli {
namespace {

// A course in our own format, or another one with its files.
void AddSource(CLI::App* command, CourseSource* source) {
  CLI::Option* files = command->add_option(
      "file", source->files, "A course in our own format, or files of the one of --from");
  CLI::Option* from = command
                          ->add_option("--from", source->from,
                                       "Another format: oatutor, gift, moodle-xml, qti, olx")
                          ->check(CLI::IsMember({"oatutor", "gift", "moodle-xml", "qti", "olx"}));
  CLI::Option* id =
      command->add_option("--course", source->course, "Id of the course")->needs(from);
  CLI::Option* problems =
      command->add_option("--problems", source->problems, "Problems of oatutor, JSON Lines")
          ->needs(from);
  CLI::Option* materials =
      command->add_option("--materials", source->materials, "Materials of oatutor, JSON Lines")
          ->needs(from);
  from->needs(id);
  command->parse_complete_callback([source, files, problems, materials] {
    if (source->from == "oatutor") {
      if (problems->count() == 0) throw CLI::RequiredError("--problems");
      if (files->count() > 0) throw CLI::ExcludesError("FILE", "--from oatutor");
    } else if (problems->count() + materials->count() > 0) {
      throw CLI::ExcludesError("--problems and --materials", "--from " + source->from);
    } else if (files->count() == 0) {
      throw CLI::RequiredError("FILE, or --from oatutor with its files");
    } else if (source->from.empty() && files->count() > 1) {
      throw CLI::ValidationError("FILE", "a course in our own format is one file");
    }
  });
}

void AddVersionCommands(CLI::App& course, CourseOptions& options, const AddCommand& add) {
  const auto command = [&](const char* name, const char* help, CourseShowOptions* of,
                           int (*run)(const Common&, const CourseShowOptions&)) {
    CLI::App* added =
        add(course, name, help, [of, run](const Common& common) { return run(common, *of); });
    added->add_option("course", of->course, "Id of the course")->required();
    return added;
  };
  command("versions", "The versions that a course has: current, earlier, withdrawn, drafts",
          &options.versions, RunCourseVersions);
  command("publish", "Make a version the current one, for sessions that begin from now on",
          &options.publish, RunCoursePublish)
      ->add_option("version", options.publish.version, "As `lyceum course versions` has it")
      ->required();
  command("rollback", "Make the version that was current before the current one again",
          &options.rollback, RunCourseRollback)
      ->add_option("--to", options.rollback.version,
                   "An earlier one, and no matter how many lie between");
  command("fetch", "A stored version as a file in our own format, on standard output",
          &options.fetch, RunCourseFetch)
      ->add_option("--version", options.fetch.version, "Default: the current one");
}

}  // namespace

void AddCourseCommands(CLI::App& app, CourseOptions& options, const AddCommand& add) {
  CLI::App* course =
      app.add_subcommand("course",
                         "Courses: import, check, preview, export, diff, list, show, versions, "
                         "publish, rollback, fetch");
  course->require_subcommand(1);
  course->fallthrough();
  CourseSource& in = options.import;
  CLI::App* import = add(*course, "import", "Put a course into the bucket",
                         [&in](const Common& common) { return RunCourseImport(common, in); });
  AddSource(import, &in);
  import->add_flag("--lenient", in.lenient,
                   "Leave out the items that are refused; else one of them is enough to import "
                   "nothing");
  import->add_flag("--draft", in.draft,
                   "New sessions go on getting the version that is current, until this one is "
                   "published");

  CourseSource& checked = options.check;
  AddSource(
      add(*course, "check", "What is wrong with a course: without a server, exit 1 if anything",
          [&checked](const Common& common) { return RunCourseCheck(common, checked); }),
      &checked);

  CourseSource& shown = options.preview;
  std::string& topic = options.preview_topic;
  CLI::App* preview = add(
      *course, "preview", "A lesson in the terminal, without a server",
      [&shown, &topic](const Common& common) { return RunCoursePreview(common, shown, topic); });
  AddSource(preview, &shown);
  preview->add_option("--topic", topic, "Only this topic");

  CourseSource& exported = options.exported;
  AddSource(add(*course, "export", "A course as a file in our own format, on standard output",
                [&exported](const Common&) { return RunCourseExport(exported); }),
            &exported);

  CLI::App* diff = add(*course, "diff", "What is different in a new file, exit 1 if anything",
                       [&options](const Common& common) {
                         return RunCourseDiff(common, options.diff_from, options.diff_to);
                       });
  diff->add_option("from", options.diff_from, "A course in our own format")->required();
  diff->add_option("to", options.diff_to, "The new one")->required();

  add(*course, "list", "The courses of the bucket",
      [](const Common& common) { return RunCourseList(common); });
  CourseShowOptions& s = options.show;
  CLI::App* show = add(*course, "show", "A course, or one topic of it",
                       [&s](const Common& common) { return RunCourseShow(common, s); });
  show->add_option("course", s.course, "Id of the course")->required();
  show->add_option("--topic", s.topic, "Only this topic, with its questions");
  show->add_option("--version", s.version, "Default: the current one");
  AddVersionCommands(*course, options, add);
}

}  // namespace lyceum::cli
