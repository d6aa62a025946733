using Orchestrator.Api.Http;

namespace Orchestrator.Api.Jobs;

/// <summary>The errors of jobs and flavors.</summary>
public static class JobErrors
{
    public static readonly ErrorKind FlavorExists = new(
        409, "FLAVOR_EXISTS", "The name is taken", "Change the flavor with PATCH or PUT, or choose another name.");

    public static readonly ErrorKind FlavorNotFound = new(
        404, "FLAVOR_NOT_FOUND", "There is no such flavor", "List the flavors of a platform with GET /api/v1/flavors?platform=….");

    public static readonly ErrorKind JobExists = new(
        409, "JOB_EXISTS", "The job is known already", "Read it with GET; change it with PATCH.");

    public static readonly ErrorKind JobDeleted = new(
        409, "JOB_DELETED", "The job was deleted", "The id of a deleted job is not used again.");

    public static readonly ErrorKind JobNotFound = new(
        404, "JOB_NOT_FOUND", "There is no such job", "List the jobs of a platform with GET /api/v1/jobs/{platform}.");

    public static readonly ErrorKind AlreadySet = new(
        400, "ALREADY_SET", "The time is set already", "A job starts once and completes once; read it with GET.");

    public static Problem NoFlavor(string platform, string name) => FlavorNotFound.Because($"Platform {platform} has no flavor {name}.");

    public static Problem NoJob(string platform, string id) => JobNotFound.Because($"Platform {platform} has no job {id}.");
}
