using Orchestrator.Api.Http;
using Orchestrator.Api.Http.OpenApi;

namespace Orchestrator.Api.Instances;

/// <summary>What the OpenAPI document says about apps, regions and nodes.</summary>
internal static class AppDocs
{
    private const string App =
        """{"id":3,"name":"runner","image":null,"command":["/usr/bin/sleep","60"],"env":{"MODE":"demo"},"ports":[8080],"healthCheck":{"type":"process","path":"/","intervalSeconds":1,"timeoutSeconds":1,"healthyThreshold":1,"unhealthyThreshold":3},"restartPolicy":{"mode":"on-failure","attempts":3,"windowSeconds":600,"delaySeconds":1,"maxDelaySeconds":60},"graceSeconds":null,"instanceLimit":null,"createdAt":"2026-12-04T12:00:00Z","updatedAt":"2026-12-04T12:00:00Z"}""";

    private const string Region = """{"id":1,"name":"fra","createdAt":"2026-12-04T12:00:00Z"}""";

    private const string Node =
        """{"name":"worker-1","state":"active","incarnation":1,"runtime":"process","regions":[],"labels":{},"capacity":{"milliCpus":2000,"memoryMiB":8192,"diskMiB":100000},"claimed":{"milliCpus":250,"memoryMiB":128,"diskMiB":1024},"instances":1,"leaseUntil":"2026-12-04T12:00:10Z","heartbeatAt":"2026-12-04T12:00:00Z","createdAt":"2026-12-04T11:00:00Z"}""";

    private static readonly Dictionary<string, string> AppPath = new(StringComparer.Ordinal) { ["appId"] = "3" };
    private static readonly Dictionary<string, string> RegionPath = new(StringComparer.Ordinal) { ["regionId"] = "1" };
    private static readonly Dictionary<string, string> NodePath = new(StringComparer.Ordinal) { ["name"] = "worker-1" };

    private static readonly DocParameter[] Paging =
    [
        new("name", DocType.Text, "The one of this name.") { Example = "runner" },
        DocParameter.Limit(500, 50), DocParameter.Cursor,
    ];

    public static readonly Doc List = new("List the apps", "By id.")
    {
        Parameters = Paging,
        Answers = [new(200, "A page of apps.", typeof(PageBody<AppBody>), $$"""{"items":[{{App}}],"nextCursor":null}""")],
        Errors = [Errors.InvalidCursor],
    };

    public static readonly Doc Add = new("Add an app", "Only its name, and a command or an image, are required.")
    {
        Body = new(typeof(AppRequest), """{"name":"runner","command":["/usr/bin/sleep","60"]}"""),
        Answers = [new(201, "Added.", typeof(AppBody), App) { Headers = [("Location", "The app.")] }],
        Errors = [InstanceErrors.AppExists],
        IsIdempotent = true,
    };

    public static readonly Doc Read = new("Read an app")
    {
        PathExamples = AppPath,
        Answers = [new(200, "The app.", typeof(AppBody), App)],
        Errors = [InstanceErrors.AppNotFound],
    };

    public static readonly Doc Update = new("Change an app", "What is absent stays as it is. Instances that are placed later follow the change.")
    {
        PathExamples = AppPath,
        Body = new(typeof(AppRequest), """{"env":{"MODE":"demo"}}"""),
        Answers = [new(200, "Changed.", typeof(AppBody), App)],
        Errors = [InstanceErrors.AppNotFound, InstanceErrors.AppExists],
    };

    public static readonly Doc Delete = new("Delete an app", "With its instances, when all of them are terminated.")
    {
        PathExamples = AppPath,
        Answers = [new(204, "Deleted.")],
        Errors = [InstanceErrors.AppNotFound, InstanceErrors.AppInUse],
    };

    public static readonly Doc ListRegions = new("List the regions", "By id.")
    {
        Parameters = Paging,
        Answers = [new(200, "A page of regions.", typeof(PageBody<RegionBody>), $$"""{"items":[{{Region}}],"nextCursor":null}""")],
        Errors = [Errors.InvalidCursor],
    };

    public static readonly Doc AddRegion = new("Add a region")
    {
        Body = new(typeof(RegionRequest), """{"name":"fra"}"""),
        Answers = [new(201, "Added.", typeof(RegionBody), Region) { Headers = [("Location", "The region.")] }],
        Errors = [InstanceErrors.RegionExists],
        IsIdempotent = true,
    };

    public static readonly Doc ReadRegion = new("Read a region")
    {
        PathExamples = RegionPath,
        Answers = [new(200, "The region.", typeof(RegionBody), Region)],
        Errors = [InstanceErrors.RegionNotFound],
    };

    public static readonly Doc DeleteRegion = new("Delete a region", "When no instance and no flavor refers to it.")
    {
        PathExamples = RegionPath,
        Answers = [new(204, "Deleted.")],
        Errors = [InstanceErrors.RegionNotFound, InstanceErrors.RegionInUse],
    };

    public static readonly Doc ListNodes = new("List the nodes", "By name. Every worker that runs instances is one; it registers itself.")
    {
        Parameters = [DocParameter.Limit(500, 50), DocParameter.Cursor],
        Answers = [new(200, "A page of nodes.", typeof(PageBody<NodeBody>), $$"""{"items":[{{Node}}],"nextCursor":null}""")],
        Errors = [Errors.InvalidCursor],
    };

    public static readonly Doc ReadNode = new("Read a node")
    {
        PathExamples = NodePath,
        Answers = [new(200, "The node.", typeof(NodeBody), Node)],
        Errors = [InstanceErrors.NodeNotFound],
    };

    public static readonly Doc Drain = new(
        "Drain a node", "It gets no new work; what is there is moved to other nodes, runners when their job is done; what is left at the deadline is ended.")
    {
        PathExamples = NodePath,
        Body = new(typeof(DrainRequest), """{"deadlineSeconds":300}""", IsRequired: false),
        Answers = [new(202, "It drains.", typeof(NodeBody), Node) { Headers = [("Location", "The node.")] }],
        Errors = [InstanceErrors.NodeNotFound, InstanceErrors.NodeInUse],
    };

    public static readonly Doc Open = new("Give a node work again", "After a drain.")
    {
        PathExamples = NodePath,
        Answers = [new(200, "It is active.", typeof(NodeBody), Node)],
        Errors = [InstanceErrors.NodeNotFound, InstanceErrors.NodeInUse],
    };

    public static readonly Doc DeleteNode = new("Forget a node", "When it is gone and holds nothing.")
    {
        PathExamples = NodePath,
        Answers = [new(204, "Forgotten.")],
        Errors = [InstanceErrors.NodeNotFound, InstanceErrors.NodeInUse],
    };
}
