using Orchestrator.Api.Http;
using Orchestrator.Sagas.Instances;

namespace Orchestrator.Api.Instances;

/// <summary>What can be wrong with requests about instances, apps, regions and nodes.</summary>
public static class InstanceErrors
{
    public static readonly ErrorKind InstanceNotFound = new(
        404, InstanceRefusal.NotFound, "There is no such instance", "List the instances of an app with GET /api/v1/apps/{appId}/instances.");

    public static readonly ErrorKind AppNotFound = new(404, InstanceRefusal.AppNotFound, "There is no such app", "List the apps with GET /api/v1/apps.");

    public static readonly ErrorKind RegionNotFound = new(404, InstanceRefusal.RegionNotFound, "There is no such region", "List the regions with GET /api/v1/regions.");

    public static readonly ErrorKind NodeNotFound = new(404, "NODE_NOT_FOUND", "There is no such node", "List the nodes with GET /api/v1/nodes.");

    public static readonly ErrorKind IllegalTransition = new(
        409, InstanceRefusal.IllegalTransition, "The instance cannot go there from here", "'current' says how it is; 'detail' what it can become.");

    public static readonly ErrorKind VersionConflict = new(
        409, InstanceRefusal.VersionConflict, "The instance was changed meanwhile", "Read it again, decide again, and send the version that 'current' names.");

    public static readonly ErrorKind LeaseHeld = new(
        409, InstanceRefusal.LeaseHeld, "Somebody holds a lease of the instance", "Wait until it ends, or show its nonce in the header Lease-Nonce.");

    public static readonly ErrorKind NotTerminated = new(
        409, InstanceRefusal.NotTerminated, "The instance is not terminated", "Terminate it first, or delete it with ?force=true.");

    public static readonly ErrorKind LimitReached = new(
        409, InstanceRefusal.LimitReached, "The app has as many instances as it may", "Terminate some, or raise the app's instanceLimit.");

    public static readonly ErrorKind InstanceExists = new(409, InstanceRefusal.Exists, "The instance exists already", "Read it with GET.");

    public static readonly ErrorKind AppExists = new(409, "APP_EXISTS", "The name of the app is taken", "Change the app with PATCH, or choose another name.");

    public static readonly ErrorKind AppInUse = new(
        409, "APP_IN_USE", "Something belongs to the app", "Terminate its instances, and take it out of the flavors that provision it.");

    public static readonly ErrorKind RegionExists = new(409, "REGION_EXISTS", "The name of the region is taken", "Use the region that there is, or choose another name.");

    public static readonly ErrorKind RegionInUse = new(
        409, "REGION_IN_USE", "Something belongs to the region", "Delete its instances, and take it out of the flavors that provision there.");

    public static readonly ErrorKind NodeInUse = new(
        409, "NODE_IN_USE", "The node lives, or holds something", "Stop its worker; what it holds is released when its lease has run out.");

    public static Problem NoInstance(string id) => InstanceNotFound.Because($"There is no instance {id}.");

    public static Problem NoApp(string id) => AppNotFound.Because($"There is no app {id}.");

    public static Problem NoRegion(string id) => RegionNotFound.Because($"There is no region {id}.");

    public static Problem NoNode(string name) => NodeNotFound.Because($"There is no node {name}.");

    /// <summary>A refusal as an answer, with the state that the instance is in.</summary>
    public static Problem Of(InstanceRefusal refusal, InstanceState? instance)
    {
        if (refusal.Code is InstanceRefusal.RegionNotFound)
            return FieldErrors.One("regionId", $"'regionId' must be the id of a region: {refusal.Detail}").Problem;
        var kind = refusal.Code switch
        {
            InstanceRefusal.NotFound => InstanceNotFound,
            InstanceRefusal.AppNotFound => AppNotFound,
            InstanceRefusal.VersionConflict => VersionConflict,
            InstanceRefusal.LeaseHeld => LeaseHeld,
            InstanceRefusal.NotTerminated => NotTerminated,
            InstanceRefusal.LimitReached => LimitReached,
            InstanceRefusal.Exists => InstanceExists,
            _ => IllegalTransition,
        };
        var problem = kind.Because(refusal.Detail);
        return instance is null ? problem : problem with
        {
            Current = new Dictionary<string, object?>(StringComparer.Ordinal)
            {
                ["id"] = instance.Id,
                ["status"] = instance.Status,
                ["instanceStatus"] = instance.InstanceStatus,
                ["version"] = instance.Version,
            },
        };
    }
}
