using FluentValidation;
using Orchestrator.Contracts.Jobs;

namespace Orchestrator.Sagas.Jobs;

public sealed class AddFlavorValidator : AbstractValidator<AddFlavor>
{
    public AddFlavorValidator()
    {
        RuleFor(c => c.Platform).Platform();
        RuleFor(c => c.Name).FlavorName();
        RuleFor(c => c.Labels).NotNull().Labels();
        RuleFor(c => c.MinimumPressure).GreaterThanOrEqualTo(0);
        RuleFor(c => c.MaximumPressure).GreaterThanOrEqualTo(c => c.MinimumPressure)
            .WithMessage("'{PropertyName}' must be at least the minimum pressure.");
    }
}

public sealed class UpdateFlavorValidator : AbstractValidator<UpdateFlavor>
{
    public UpdateFlavorValidator()
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
            .When(c => c.Labels is null && c.Priority is null && c.MinimumPressure is null && c.MaximumPressure is null && !c.NoMaximumPressure)
            .WithMessage("The command must name at least one of isDisabled, labels, priority, minimumPressure, maximumPressure, noMaximumPressure.");
        RuleFor(c => c.MaximumPressure).Null().When(c => c.NoMaximumPressure)
            .WithMessage("'{PropertyName}' must be absent where the bound is removed.");
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
