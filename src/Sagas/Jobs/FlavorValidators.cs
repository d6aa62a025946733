using FluentValidation;
using Microsoft.Extensions.Options;
using Orchestrator.Contracts.Jobs;
using Orchestrator.Sagas.Instances;

namespace Orchestrator.Sagas.Jobs;

public sealed class AddFlavorValidator : AbstractValidator<AddFlavor>
{
    public AddFlavorValidator(IOptions<InstancesOptions> instances)
    {
        RuleFor(c => c.Platform).Platform();
        RuleFor(c => c.Name).FlavorName();
        RuleFor(c => c.Labels).NotNull().Labels();
        RuleFor(c => c.MinimumPressure).GreaterThanOrEqualTo(0);
        RuleFor(c => c.MaximumPressure).GreaterThanOrEqualTo(c => c.MinimumPressure)
            .WithMessage("'{PropertyName}' must be at least the minimum pressure.");
        RuleFor(c => c.Provision).Provision(instances.Value);
    }
}

public sealed class UpdateFlavorValidator : AbstractValidator<UpdateFlavor>
{
    public UpdateFlavorValidator(IOptions<InstancesOptions> instances)
    {
        RuleFor(c => c.Platform).Platform();
        RuleFor(c => c.Name).FlavorName();
        RuleFor(c => c.Labels).Labels();
        RuleFor(c => c.MinimumPressure).GreaterThanOrEqualTo(0);
        RuleFor(c => c.MaximumPressure).GreaterThanOrEqualTo(0);
        RuleFor(c => c.MaximumPressure).GreaterThanOrEqualTo(c => c.MinimumPressure)
            .When(c => c.MinimumPressure is not null)
            .WithMessage("'{PropertyName}' must be at least the minimum pressure.");
        RuleFor(c => c.IsDisabled).NotNull()
            .When(c => c.Labels is null && c.Priority is null && c.MinimumPressure is null && c.MaximumPressure is null && !c.NoMaximumPressure && c.Provision is null && !c.NoProvision)
            .WithMessage("The command must name at least one of isDisabled, labels, priority, minimumPressure, maximumPressure, noMaximumPressure, provision, noProvision.");
        RuleFor(c => c.MaximumPressure).Null().When(c => c.NoMaximumPressure)
            .WithMessage("'{PropertyName}' must be absent where the bound is removed.");
        RuleFor(c => c.Provision).Provision(instances.Value);
        RuleFor(c => c.Provision).Null().When(c => c.NoProvision).WithMessage("'{PropertyName}' must be absent where the template is removed.");
    }
}

public sealed class EnableFlavorValidator : AbstractValidator<EnableFlavor>
{
    public EnableFlavorValidator()
    {
        RuleFor(c => c.Platform).Platform();
        RuleFor(c => c.Name).FlavorName();
    }
}

public sealed class DisableFlavorValidator : AbstractValidator<DisableFlavor>
{
    public DisableFlavorValidator()
    {
        RuleFor(c => c.Platform).Platform();
        RuleFor(c => c.Name).FlavorName();
    }
}

public sealed class DeleteFlavorValidator : AbstractValidator<DeleteFlavor>
{
    public DeleteFlavorValidator()
    {
        RuleFor(c => c.Platform).Platform();
        RuleFor(c => c.Name).FlavorName();
    }
}

internal static class ProvisionRules
{
    public static void Provision<T>(this IRuleBuilder<T, FlavorProvision?> rule, InstancesOptions instances) =>
        rule.Must(provision => provision is null || (provision is { AppId: > 0, RegionId: null or > 0, InstanceType: { } type } && instances.SizeOf(type) is not null))
            .WithMessage($"'{{PropertyName}}' must name an app, a region where it has one, and as instance type one of {string.Join(", ", instances.TypeNames)}.");
}
